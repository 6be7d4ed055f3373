// Where cameras look: the middle of the head, the left eye, the mouth, the left cheek and the left ear, in metres.

export function points(head) {
  const meshes = []
  head.updateWorldMatrix(true, true)
  head.traverse((node) => node.isMesh && meshes.push(node))
  const eye = middle(vertices(meshes, 'eyes').filter((vertex) => vertex.x > 0))
  const mouth = front(vertices(meshes, 'mouth'))
  const skin = vertices(meshes, 'skin')
  const ear = widest(skin.filter((vertex) => Math.abs(vertex.y - eye.y + 0.02) < 0.02))
  const cheek = new three.Vector3(1.4 * eye.x, (eye.y + mouth.y) / 2, eye.z)
  const whole = new three.Vector3(0, (eye.y + mouth.y) / 2 - 0.01, eye.z - 0.05)
  return Object.fromEntries(Object.entries({ head: whole, eye, mouth, cheek, ear }).map(([name, place]) => [name, place.toArray()]))
}

function vertices(meshes, material) {
  const found = meshes.filter((mesh) => mesh.material.name === material)
  if (!found.length) throw new Error(`no mesh has a material named ${material}`)
  return found.flatMap((mesh) => {
    const places = mesh.geometry.getAttribute('position')
    return Array.from({ length: places.count }, (_, k) => new three.Vector3().fromBufferAttribute(places, k).applyMatrix4(mesh.matrixWorld))
  })
}

function middle(places) {
  return new three.Box3().setFromPoints(places).getCenter(new three.Vector3())
}

function front(places) {
  const box = new three.Box3().setFromPoints(places)
  return new three.Vector3(0, (box.min.y + box.max.y) / 2, box.max.z)
}

function widest(places) {
  return places.reduce((best, place) => (place.x > best.x ? place : best))
}
