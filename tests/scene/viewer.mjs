// The same head in <model-viewer>: what shops and galleries show, with its own light and tone mapping.
const viewer = document.createElement('model-viewer')
viewer.setAttribute('environment-image', '/panorama.hdr')
viewer.setAttribute('interaction-prompt', 'none')
viewer.setAttribute('min-camera-orbit', 'auto 0deg 0.1m')
viewer.setAttribute('max-camera-orbit', 'auto 180deg 5m')
viewer.setAttribute('min-field-of-view', '1deg')
viewer.setAttribute('max-field-of-view', '90deg')
viewer.innerHTML = '<div slot="progress-bar"></div>'
document.body.append(viewer)

window.open_head = (address) =>
  new Promise((done, failed) => {
    viewer.addEventListener('load', () => done(), { once: true })
    viewer.addEventListener('error', (event) => failed(new Error(JSON.stringify(event.detail))), { once: true })
    viewer.src = address
  })

window.show = async ({ at, yaw, pitch, height }) => {
  const distance = 1.1
  viewer.cameraTarget = at.map((metres) => `${metres}m`).join(' ')
  viewer.cameraOrbit = `${yaw}deg ${90 - pitch}deg ${distance}m`
  viewer.fieldOfView = `${(360 / Math.PI) * Math.atan(height / 2 / distance)}deg`
  await viewer.updateComplete
  viewer.jumpCameraToGoal()
  await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))
}
window.ready = true
