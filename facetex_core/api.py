"""What plugins may import of facetex: it stays while API_VERSION does; all else may change with any version.

docs/reference/api.md is made of this list. Templates, examples and the plugins that ship import nothing that is not in it.
"""

PUBLIC: dict[str, str] = {
    "facetex_core.delivery.gltf": "GlbFile add_materials add_mesh maps_of",
    "facetex_core.descriptors.bank": "coefficients_under layout_of supports whole_skin",
    "facetex_core.descriptors.correlations": "as_rows merge mix",
    "facetex_core.descriptors.masked_features": "describe_features fill_and_pad",
    "facetex_core.geometry.camera": "camera_rays project",
    "facetex_core.geometry.ambient_occlusion": "occlusion",
    "facetex_core.geometry.geometry_images": "GeometryImages coordinate_code geometry_images",
    "facetex_core.geometry.landmarks": (
        "CHIN EYES EYES_68 FOREHEAD IBUG INNER_LIPS INNER_LIPS_68 JAW JAW_68 LEFT_EYE_CORNER OVAL RIGHT_EYE_CORNER UPPER_LIP "
        "UPPER_LIP_68 eye_distance"
    ),
    "facetex_core.geometry.mesh": "triangle_normals vertex_normals",
    "facetex_core.geometry.model_file": "arrays_of assemble load_morphable_model with_albedo",
    "facetex_core.geometry.raycast": "Scene open3d",
    "facetex_core.geometry.similarity": "similarity",
    "facetex_core.geometry.unweld": "part_normals split_part tangents",
    "facetex_core.geometry.uv_raster": "all_texels interpolate",
    "facetex_core.imaging.colour": "LUMINANCE decode_srgb encode_srgb luminance to_bytes",
    "facetex_core.imaging.face_square": "FaceSquare cropped grey wide_square_of",
    "facetex_core.imaging.look_up": "look_up",
    "facetex_core.imaging.masked_blur": "blur_where",
    "facetex_core.imaging.push_pull": "fill_smooth",
    "facetex_core.imaging.resize": "resized",
    "facetex_core.io.archive": "zip_members",
    "facetex_core.io.declared": "Allowance read_file",
    "facetex_core.io.npz": "AnyArray Arrays read_arrays",
    "facetex_core.io.onnx_session": "open_session refuse_unknown",
    "facetex_core.io.texture_files": "ALBEDO NORMAL ROUGHNESS colour_png data_png normal_png write",
    "facetex_core.lazy": "cv2 pygltflib",
    "facetex_core.lighting.environment": "SHARP surroundings",
    "facetex_core.lighting.estimate_lighting": (
        "PHOTO SIZE albedo_model estimate_appearance is_monochrome normal_map refit_lighting"
    ),
    "facetex_core.lighting.harmonics": "ambient harmonics harmonics_slopes shade",
    "facetex_core.lighting.panorama": "read_panorama",
    "facetex_core.lighting.studio": "ground",
    "facetex_core.lighting.thresholds": "ALBEDO_NOISE COLOURED HIGHLIGHT HIGHLIGHT_FROM INDEPENDENT",
    "facetex_core.parts.eyes": "IRIS_RADIUS eye_frame eyes_of paint_parts",
    "facetex_core.parts.teeth": "rows_of upper_gums",
    "facetex_core.progress": "report_progress",
    "facetex_core.stages": "Detector",
    "facetex_core.texture.expected_albedo": "DARKEST expected_albedo",
    "facetex_core.texture.material": "DIM PART_ROUGHNESS REFRACTION SKIN_ROUGHNESS roughness_of",
    "facetex_core.texture.regions": "NO_SKIN face_slices plain_skin region resize_texture skin_texels",
    "facetex_core.texture.thresholds": "SURE",
    "facetex_core.texture.unwrap": "facing unwrap",
    "facetex_core.texture.view_weight": "pixels_per_texel view_weight",
    "facetex_plugins.fit": "ModelFitter",
}
"""Names by module. Beside them stand `facetex_core` and `facetex_core.testing` themselves, with all in their `__all__`."""


def public_names() -> dict[str, tuple[str, ...]]:
    """Every module that plugins may import, with the names that they may take from it."""
    import facetex_core
    from facetex_core import testing

    whole = {module.__name__: tuple(module.__all__) for module in (facetex_core, testing)}
    return {**whole, **{module: tuple(names.split()) for module, names in PUBLIC.items()}}
