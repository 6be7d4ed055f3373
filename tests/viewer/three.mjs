// What the viewer of facetex and the rig beside it need of three.js: `npm run three` makes three.min.js of it.
export {
  AmbientLight, Box3, Color, DataTexture, DirectionalLight, EquirectangularReflectionMapping, Group, LinearFilter, MathUtils, MeshNormalMaterial,
  MeshStandardMaterial, NeutralToneMapping, ACESFilmicToneMapping, PerspectiveCamera, PMREMGenerator, RGBAFormat, Scene, Spherical,
  Vector3, WebGLRenderer,
} from 'three'
export { OrbitControls } from 'three/addons/controls/OrbitControls.js'
export { RoomEnvironment } from 'three/addons/environments/RoomEnvironment.js'
export { GLTFLoader } from 'three/addons/loaders/GLTFLoader.js'
export { RGBELoader } from 'three/addons/loaders/RGBELoader.js'
