// A head in three.js, as facetex's own pages show it, but by ACES as many a web page: a panorama, or the lamps of a studio.
import { points } from '/page/points.mjs'

const { lamps, openHead, pose } = facetexViewer

const renderer = new three.WebGLRenderer({ antialias: true, preserveDrawingBuffer: true })
renderer.toneMapping = three.ACESFilmicToneMapping
document.body.append(renderer.domElement)
const scene = new three.Scene()
scene.background = new three.Color(0x777777)
const panorama = new three.PMREMGenerator(renderer).fromEquirectangular(await new three.RGBELoader().loadAsync('/panorama.hdr')).texture
const studio = lamps()
scene.add(studio)
let head = null

// Shows another file; gives the points of the head that cameras look at.
window.open_head = async (address) => {
  const next = await openHead(await (await fetch(address)).arrayBuffer())
  if (head) {
    scene.remove(head)
    const held = (node) => [node.geometry, ...Object.values(node.material).filter((value) => value?.isTexture)]
    head.traverse((node) => node.isMesh && held(node).forEach((part) => part.dispose()))
  }
  head = next
  scene.add(head)
  pose(head, {})
  return points(head)
}

// Turns of joints in degrees about x, y and z; all others rest.
function turn_joints(joints = {}) {
  head.traverse((node) => {
    if (node.isBone) node.rotation.set(...(joints[node.name] ?? [0, 0, 0]).map(three.MathUtils.degToRad))
  })
}

window.show = ({ at, yaw, pitch, height, side, light, turn, weights, joints }) => {
  pose(head, weights)
  turn_joints(joints)
  renderer.setSize(side, side)
  studio.visible = light === 'studio'
  scene.environment = light === 'studio' ? null : panorama
  for (const spun of [scene.environmentRotation, studio.rotation]) spun.y = three.MathUtils.degToRad(turn)
  const distance = 1.1
  const [a, b] = [yaw, pitch].map(three.MathUtils.degToRad)
  const camera = new three.PerspectiveCamera(three.MathUtils.radToDeg(2 * Math.atan(height / 2 / distance)), 1, 0.05, 10)
  const target = new three.Vector3(...at)
  const way = new three.Vector3(Math.sin(a) * Math.cos(b), Math.sin(b), Math.cos(a) * Math.cos(b))
  camera.position.copy(target).addScaledVector(way, distance)
  camera.lookAt(target)
  renderer.render(scene, camera)
}
window.ready = true
