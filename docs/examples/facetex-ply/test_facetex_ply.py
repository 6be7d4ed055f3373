from facetex_core.testing import ExporterContract
from facetex_ply import PlyExporter


class TestPlyExporter(ExporterContract):
    make = PlyExporter
