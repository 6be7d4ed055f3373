// Heads on a page that can be turned: many canvases, one camera, one light. `three` is three.min.js, which stands before this.
"use strict";
const facetexViewer = (() => {
  const DISTANCE = 1.3, AIR = 1.06, STEP = Math.PI / 12, REACH = { minDistance: 0.25, maxDistance: 4 };
  const QUICK = [["Jaw open", ["jawOpen"]], ["Blink", ["eyeBlinkLeft", "eyeBlinkRight"]], ["Smile", ["mouthSmileLeft", "mouthSmileRight"]]];
  const YAWS = { Front: 0, "Three quarters": 35, Side: 80 };
  const LIGHTS = { studio: "Studio", room: "Room", photo: "Photo" };
  const LOOKS = { textured: "Textured", grey: "Untextured", normals: "Normals" };

  const make = (name, text, attributes) => Object.assign(document.createElement(name), { textContent: text ?? "", ...attributes });
  const meshes = (head) => { const found = []; head.traverse((node) => node.isMesh && found.push(node)); return found; };
  const bytesOf = (id) => Uint8Array.from(atob(document.getElementById(id).textContent), (letter) => letter.charCodeAt(0));

  // The GLB that stands in a script element: deflated, in base64.
  const unpacked = (id) => new Response(new Blob([bytesOf(id)]).stream().pipeThrough(new DecompressionStream("deflate"))).arrayBuffer();

  // A GLB as three.js has it; each mesh knows its fitted expression, and its material by the number of a variant (-1: its own).
  async function openHead(content) {
    const gltf = await new three.GLTFLoader().parseAsync(content, "");
    for (const mesh of meshes(gltf.scene)) {
      mesh.frustumCulled = false;
      mesh.userData.fitted = [...(mesh.morphTargetInfluences ?? [])];
      mesh.userData.worn = new Map([[-1, mesh.material]]);
      for (const { material, variants } of mesh.userData.gltfExtensions?.KHR_materials_variants?.mappings ?? []) {
        mesh.material = await gltf.parser.getDependency("material", material);
        gltf.parser.assignFinalMaterial(mesh);
        for (const variant of variants) mesh.userData.worn.set(variant, mesh.material);
      }
    }
    return gltf.scene;
  }

  // Sets shapes by name on every mesh that has them; `rest` gives the others' weights from the fitted ones.
  function pose(head, weights, rest = () => 0) {
    for (const mesh of meshes(head)) {
      for (const [name, number] of Object.entries(mesh.morphTargetDictionary ?? {}))
        mesh.morphTargetInfluences[number] = weights[name] ?? rest(mesh.userData.fitted[number]);
    }
  }

  // A key light from the upper left, a weaker one from the right, one from behind: directions as of a portrait studio.
  function lamps() {
    const group = new three.Group();
    for (const [x, y, z, strength] of [[-1, 1, 1.5, 2.6], [1.5, 0.3, 1, 0.8], [0.5, 1, -1.5, 1.5]]) {
      const lamp = new three.DirectionalLight(0xffffff, strength);
      lamp.position.set(x, y, z);
      group.add(lamp);
    }
    group.add(new three.AmbientLight(0xffffff, 0.35));
    return group;
  }

  // The same material without its colours, or as normals; what is see-through has no shape to show.
  function bare(material, look) {
    const { normalMap, normalScale, aoMap, side } = material;
    const plain = look === "grey"
      ? new three.MeshStandardMaterial({ color: 0xb9b9b9, roughness: 0.55, normalMap, normalScale, aoMap, side })
      : new three.MeshNormalMaterial({ normalMap, normalScale, side });
    plain.visible = !(material.transparent || material.alphaTest);
    return plain;
  }

  function dress(mesh, variant, look) {
    const own = mesh.userData.worn.get(variant) ?? mesh.userData.worn.get(-1);
    if (look === "textured") return own;
    own.userData[look] ??= bare(own, look);
    return own.userData[look];
  }

  function dispose(head) {
    for (const mesh of meshes(head)) {
      mesh.geometry.dispose();
      for (const material of mesh.userData.worn.values()) {
        for (const value of Object.values(material)) if (value?.isTexture) value.dispose();
        for (const each of [material, material.userData.grey, material.userData.normals]) each?.dispose();
      }
    }
  }

  // What all canvases share.
  class Stage {
    constructor(light) {
      this.renderer = new three.WebGLRenderer({ antialias: true, alpha: true });
      this.renderer.toneMapping = three.NeutralToneMapping;
      this.scene = new three.Scene();
      this.scene.add(this.lamps = lamps());
      const maker = new three.PMREMGenerator(this.renderer);
      this.rooms = { room: maker.fromScene(new three.RoomEnvironment(), 0.04).texture };
      if (light) this.rooms.photo = maker.fromEquirectangular(panorama(light)).texture;
      this.camera = new three.PerspectiveCamera(16, 1, 0.05, 20);
      this.target = new three.Vector3();
      this.heads = [];
      this.lit("studio");
    }

    lit(light) {
      this.lamps.visible = light === "studio";
      this.scene.environment = light === "studio" ? null : this.rooms[light];
      this.scene.environmentIntensity = light === "room" ? 0.6 : 1;
    }

    // The head of a file; or its heads, where it has variants: a node each, all in the same place.
    put(file) {
      for (const head of this.heads) { this.scene.remove(head); dispose(head); }
      const varied = file && meshes(file).some((mesh) => mesh.userData.worn.size > 1);
      this.heads = varied ? [...file.children] : [file].filter(Boolean);
      for (const head of this.heads) { head.position.set(0, 0, 0); this.scene.add(head); }
    }

    // The camera of the portraits: level with the middle of the first head, which fills the picture.
    aim() {
      const box = new three.Box3();
      this.scene.updateMatrixWorld();
      for (const mesh of meshes(this.heads[0]))
        box.union(new three.Box3().setFromBufferAttribute(mesh.geometry.attributes.position).applyMatrix4(mesh.matrixWorld));
      box.getCenter(this.target);
      const size = box.getSize(new three.Vector3());
      this.camera.fov = three.MathUtils.radToDeg(2 * Math.atan(AIR * Math.max(size.y, size.z) / 2 / DISTANCE));
      this.camera.updateProjectionMatrix();
      this.turn(0, 0, DISTANCE);
      this.aimed = true;
    }

    turn(yaw, pitch, distance) {
      this.camera.position.setFromSphericalCoords(distance, Math.PI / 2 - pitch, yaw).add(this.target);
      this.camera.lookAt(this.target);
    }

    turnBy(yaw, pitch) {
      const now = new three.Spherical().setFromVector3(this.camera.position.clone().sub(this.target));
      const limit = Math.PI / 2 - 0.05;
      this.turn(now.theta + yaw, Math.min(Math.max(Math.PI / 2 - now.phi + pitch, -limit), limit), now.radius);
    }

    // Whether there is a head of this variant.
    draw(canvas, variant, look) {
      for (const head of this.heads) {
        head.visible = meshes(head).some((mesh) => mesh.userData.worn.has(variant));
        for (const mesh of meshes(head)) mesh.material = dress(mesh, variant, look);
      }
      this.renderer.setSize(canvas.width, canvas.height, false);
      this.renderer.render(this.scene, this.camera);
      const context = canvas.getContext("2d");
      context.clearRect(0, 0, canvas.width, canvas.height);
      context.drawImage(this.renderer.domElement, 0, 0);
      return this.heads.some((head) => head.visible);
    }
  }

  function panorama(id) {
    const { data, width, height, type } = new three.RGBELoader().parse(bytesOf(id).buffer);
    const texture = new three.DataTexture(data, width, height, three.RGBAFormat, type);
    return Object.assign(texture, {
      flipY: true, needsUpdate: true, mapping: three.EquirectangularReflectionMapping, minFilter: three.LinearFilter, magFilter: three.LinearFilter,
    });
  }

  // Makes a section of a page live; `show` takes the id of the script element that holds the GLB.
  function mount(section) {
    const find = (name) => section.querySelector(name);
    const cells = [...section.querySelectorAll(".cell")].map((box) => ({
      box, canvas: box.querySelector("canvas"), variant: Number(box.dataset.variant ?? -1), seen: false,
    }));
    const state = { look: "textured", light: "studio", neutral: false, weights: {}, shape: "" };
    let stage = null, wanted = "", open = "", asked = false;

    const posed = () => {
      for (const head of stage.heads) pose(head, state.weights, (fitted) => (state.neutral ? 0 : fitted));
      draw();
    };
    const draw = () => {
      if (!asked) requestAnimationFrame(() => { asked = false; if (stage?.heads.length) cells.forEach(paint); });
      asked = true;
    };
    const paint = ({ box, canvas, variant, seen }) => {
      const side = Math.round(canvas.parentElement.clientWidth * Math.min(devicePixelRatio, 2));
      if (!seen || !side) return;
      if (canvas.width !== side) canvas.width = canvas.height = side;
      box.classList.toggle("live", stage.draw(canvas, variant, state.look));
    };
    const say = (line) => { find(".told").textContent = line; find(".told").hidden = !line; };

    async function load() {
      if (!wanted || wanted === open || !cells.some((cell) => cell.seen)) return;
      const now = open = wanted;
      for (const { box } of cells) box.classList.remove("live");
      stage?.put(null);
      if (!document.getElementById(now)) return say("The page would be too large with the heads of this photo: variants.glb holds them.");
      try {
        if (!stage) begin();
        const file = await openHead(await unpacked(now));
        if (now !== wanted) return;
        stage.put(file);
        if (!stage.aimed) stage.aim();
        controls();
        posed();
        section.classList.add("live");
        say("");
      } catch (error) {
        say(stage ? `The head cannot be shown: ${error.message}` : "This browser has no WebGL, which the view needs: the pictures show the same.");
      }
    }

    function begin() {
      stage = new Stage(section.dataset.light);
      for (const { canvas } of cells) {
        const orbit = new three.OrbitControls(stage.camera, canvas);
        Object.assign(orbit, { target: stage.target, enablePan: false, enableZoom: false, rotateSpeed: 0.7, ...REACH });
        orbit.addEventListener("change", draw);
        canvas.style.touchAction = "pan-y"; // the page goes on scrolling under a finger
        canvas.onfocus = () => { orbit.enableZoom = true; };
        canvas.onblur = () => { orbit.enableZoom = false; };
        canvas.addEventListener("pointerdown", () => canvas.focus({ preventScroll: true }));
        canvas.onkeydown = keyed;
      }
    }

    function keyed(event) {
      const way = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, STEP], ArrowDown: [0, -STEP] }[event.key];
      if (!way) return;
      event.preventDefault();
      stage.turnBy(...way);
      draw();
    }

    function chips(name, labels, chosen, choose) {
      find(name).replaceChildren(...Object.entries(labels).map(([key, label]) => {
        const chip = make("button", label, { type: "button", onclick: () => { choose(key); controls(); draw(); } });
        if (chosen) chip.setAttribute("aria-pressed", key === chosen);
        return chip;
      }));
    }

    const names = () => [...new Set(stage.heads.flatMap(meshes).flatMap((mesh) => Object.keys(mesh.morphTargetDictionary ?? {})))];
    const weight = (name) => {
      if (name in state.weights || state.neutral) return state.weights[name] ?? 0;
      const mesh = stage.heads.flatMap(meshes).find((each) => name in (each.morphTargetDictionary ?? {}));
      return mesh.userData.fitted[mesh.morphTargetDictionary[name]];
    };

    function slider(label, shapes) {
      const line = make("label"), range = make("input", "", { type: "range", min: 0, max: 1, step: 0.01 });
      range.dataset.shapes = shapes.join(" ");
      range.value = weight(shapes[0]);
      range.setAttribute("aria-label", label);
      range.oninput = () => { for (const shape of shapes) state.weights[shape] = Number(range.value); posed(); };
      if (label !== shapes[0]) line.append(make("span", label));
      line.append(range);
      return line;
    }

    function controls() {
      const known = names(), quick = QUICK.filter(([, shapes]) => shapes.every((shape) => known.includes(shape)));
      chips(".looks", LOOKS, state.look, (key) => { state.look = key; });
      const lights = Object.fromEntries(Object.entries(LIGHTS).filter(([key]) => key === "studio" || stage.rooms[key]));
      chips(".lights", lights, state.light, (key) => { state.light = key; stage.lit(key); });
      const views = Object.fromEntries(Object.keys(YAWS).map((name) => [name, name]));
      chips(".views", views, "", (key) => stage.turn(three.MathUtils.degToRad(YAWS[key]), 0, DISTANCE));
      find(".shapes").hidden = !known.length;
      if (!known.length) return;
      if (!known.includes(state.shape)) state.shape = known[0];
      const chosen = make("select", "", { onchange: (event) => { state.shape = event.target.value; controls(); } });
      chosen.setAttribute("aria-label", "Shape");
      chosen.append(...known.map((name) => make("option", name, { value: name, selected: name === state.shape })));
      const any = slider(state.shape, [state.shape]);
      any.prepend(chosen);
      find(".sliders").replaceChildren(...quick.map(([label, shapes]) => slider(label, shapes)), any);
      chips(".rests", { fitted: "As in the photo", neutral: "Neutral" }, "", (key) => {
        Object.assign(state, { neutral: key === "neutral", weights: {} });
        posed();
      });
    }

    const watcher = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) cells.find(({ box }) => box === target).seen = isIntersecting;
      load();
      draw();
    });
    for (const { box } of cells) watcher.observe(box);
    new ResizeObserver(draw).observe(section);
    return { show(id) { wanted = id; load(); } };
  }

  return { lamps, mount, openHead, pose };
})();
