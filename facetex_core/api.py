"""What plugins may import of facetex_core: it stays while API_VERSION does; all else may change with any version.

docs/reference/api.md is made of this list. Templates, examples and the plugins that ship import nothing that is not in it.
"""

PUBLIC: dict[str, str] = {
    "facetex_core.banks.bank": "layout_of whole",
    "facetex_core.banks.foretell": "MIRROR hidden_skin",
    "facetex_core.camera": "project",
    "facetex_core.clearness": "clearness",
    "facetex_core.colour": "decode_srgb encode_srgb luminance to_bytes",
    "facetex_core.correlations": "as_rows mix",
    "facetex_core.crop": "NO_SKIN face_slices plain_skin region resize_texture skin_texels",
    "facetex_core.divide_light": "divided_by_light",
    "facetex_core.eyes": "all_texels eyes_of paint_eyes_and_mouth paint_parts",
    "facetex_core.face_crops": "Square Views best_first cut face_square halves view_for",
    "facetex_core.fill": "fill_smooth",
    "facetex_core.fitting.fit": "ModelFitter",
    "facetex_core.fitting.joint_energy": "appearance_on fit_jointly fit_of",
    "facetex_core.glasses": "within_rims",
    "facetex_core.glb": "GlbFile add_materials add_mesh maps_of",
    "facetex_core.guided_filter": "guided_filter",
    "facetex_core.harmonics": "ambient harmonics shade",
    "facetex_core.iris": "BROWN",
    "facetex_core.lazy": "cv2 pygltflib",
    "facetex_core.maps": "ALBEDO NORMAL ROUGHNESS colour_png data_png normal_png write",
    "facetex_core.masked_blur": "blur_where",
    "facetex_core.masked_features": "describe_features fill_and_pad",
    "facetex_core.material": "REFRACTION roughness_of",
    "facetex_core.mesh": "spread vertex_normals",
    "facetex_core.morphable_model": "load_morphable_model with_albedo",
    "facetex_core.occlusion": "occlusion",
    "facetex_core.onnx_session": "open_session",
    "facetex_core.photometry": "COLOURED SIZE albedo_model colourless explain_light light_between normal_map",
    "facetex_core.progress": "report_progress",
    "facetex_core.raycast": "Scene",
    "facetex_core.readers.bare_model": "BareModel by_vertex scaled_modes",
    "facetex_core.readers.declared": "read_file",
    "facetex_core.readers.hdf5": "read_hdf5",
    "facetex_core.readers.inert_pickle": "numbers read_pickle",
    "facetex_core.readers.matlab": "read_mat",
    "facetex_core.readers.wavefront": "read_triangles read_vertices",
    "facetex_core.rendering": "cycles_child",
    "facetex_core.rendering.environment": "surroundings",
    "facetex_core.rendering.path_tracing": "Shape checked over_ground shapes_of",
    "facetex_core.split": "part_normals split_part tangents",
    "facetex_core.stages": "Detector",
    "facetex_core.structures": "MorphableModel",
    "facetex_core.synthesis.completion": (
        "DARKEST SMOOTH completed darken_nostrils expected_albedo low_frequency mean_detail own_grain seen_detail trust"
    ),
    "facetex_core.synthesis.decoder": "NETWORK Decoder Sources decoded_part",
    "facetex_core.synthesis.gram_match": "correlations_of match_correlations match_strengths",
    "facetex_core.synthesis.objective": "halves_pay",
    "facetex_core.synthesis.onnx_torch": "read_network",
    "facetex_core.synthesis.pores": "unresolved_pores",
    "facetex_core.views": "ground",
}
"""Names by module. Beside them stand `facetex_core` and `facetex_core.testing` themselves, with all in their `__all__`."""


def public_names() -> dict[str, tuple[str, ...]]:
    """Every module that plugins may import, with the names that they may take from it."""
    import facetex_core
    from facetex_core import testing

    whole = {module.__name__: tuple(module.__all__) for module in (facetex_core, testing)}
    return {**whole, **{module: tuple(names.split()) for module, names in PUBLIC.items()}}
