// A head in three.js, as a web page shows it: its own tone mapping, a panorama or a studio's lamps.
import * as THREE from 'three'
import { GLTFLoader } from 'three/addons/loaders/GLTFLoader.js'
import { RGBELoader } from 'three/addons/loaders/RGBELoader.js'
import { points } from '/page/points.mjs'

const renderer = new THREE.WebGLRenderer({ antialias: true, preserveDrawingBuffer: true })
renderer.toneMapping = THREE.ACESFilmicToneMapping
document.body.append(renderer.domElement)
const scene = new THREE.Scene()
scene.background = new THREE.Color(0x777777)
const panorama = new THREE.PMREMGenerator(renderer).fromEquirectangular(await new RGBELoader().loadAsync('/panorama.hdr')).texture
const studio = lamps()
scene.add(studio)
let head = null

// A key light from the upper left, a weaker one from the right, one from behind: directions as of a portrait studio.
function lamps() {
  const group = new THREE.Group()
  for (const [x, y, z, strength] of [[-1, 1, 1.5, 2.6], [1.5, 0.3, 1, 0.8], [0.5, 1, -1.5, 1.5]]) {
    const lamp = new THREE.DirectionalLight(0xffffff, strength)
    lamp.position.set(x, y, z)
    group.add(lamp)
  }
  group.add(new THREE.AmbientLight(0xffffff, 0.35))
  return group
}

// Shows another file; gives the points of the head that cameras look at.
window.open_head = async (address) => {
  const next = (await new GLTFLoader().loadAsync(address)).scene
  if (head) {
    scene.remove(head)
    const held = (node) => [node.geometry, ...Object.values(node.material).filter((value) => value?.isTexture)]
    head.traverse((node) => node.isMesh && held(node).forEach((part) => part.dispose()))
  }
  head = next
  scene.add(head)
  rest()
  return points(head)
}

// Weights of shapes by name, and turns of joints in degrees about x, y and z; all others rest.
function rest(weights = {}, joints = {}) {
  head.traverse((node) => {
    if (node.isBone) node.rotation.set(...(joints[node.name] ?? [0, 0, 0]).map(THREE.MathUtils.degToRad))
    if (!node.morphTargetDictionary) return
    for (const [name, number] of Object.entries(node.morphTargetDictionary)) node.morphTargetInfluences[number] = weights[name] ?? 0
  })
}

window.show = ({ at, yaw, pitch, height, side, light, turn, weights, joints }) => {
  rest(weights, joints)
  renderer.setSize(side, side)
  studio.visible = light === 'studio'
  scene.environment = light === 'studio' ? null : panorama
  for (const spun of [scene.environmentRotation, studio.rotation]) spun.y = THREE.MathUtils.degToRad(turn)
  const distance = 1.1
  const [a, b] = [yaw, pitch].map(THREE.MathUtils.degToRad)
  const camera = new THREE.PerspectiveCamera(THREE.MathUtils.radToDeg(2 * Math.atan(height / 2 / distance)), 1, 0.05, 10)
  const target = new THREE.Vector3(...at)
  const way = new THREE.Vector3(Math.sin(a) * Math.cos(b), Math.sin(b), Math.cos(a) * Math.cos(b))
  camera.position.copy(target).addScaledVector(way, distance)
  camera.lookAt(target)
  renderer.render(scene, camera)
}
window.ready = true
