"""KML: well formed whatever the names, placed and timed."""

from xml.etree import ElementTree

from sattrack.readers.outlines.files import read_outlines
from sattrack.reports.kml import write_kml

NS = {"k": "http://www.opengis.net/kml/2.2"}


def test_each_box_is_a_placemark_with_time_style_and_closed_ring(port_run, tmp_path) -> None:
    root = ElementTree.parse(write_kml(*port_run, tmp_path / "x.kml", everything=True)).getroot()
    marks = root.findall(".//k:Placemark", NS)
    assert [mark.findtext("k:name", "", NS) for mark in marks][:2] == ["40ft 0.90", "20ft 0.80"]
    assert {mark.findtext("k:TimeStamp/k:when", "", NS) for mark in marks} == {"2024-05-01T08:30:00Z"}
    styles = {style.get("id") for style in root.iter(f"{{{NS['k']}}}Style")}
    assert {mark.findtext("k:styleUrl", "", NS) for mark in marks} == {f"#{style}" for style in styles}
    for text in (element.text.split() for element in root.iter(f"{{{NS['k']}}}coordinates")):
        assert len(text) == 5
        assert text[0] == text[-1]


def test_X1_names_are_text_and_never_markup(part_of, run_of, tmp_path) -> None:
    name = '<img src=x onerror="alert(1)">]]>&\x00\ufffe'
    path = write_kml(*run_of({name: part_of(name, boxes=[(100, 100, 24, 5, 0, 0.9, 0)])}), tmp_path / "x.kml")
    root = ElementTree.parse(path).getroot()
    assert root.findtext(".//k:Folder/k:name", "", NS) == '<img src=x onerror="alert(1)">]]>& ?'
    assert "<img" not in path.read_text()


def test_the_outlines_reader_takes_it(port_run, tmp_path) -> None:
    sites, _ = read_outlines(write_kml(*port_run, tmp_path / "x.kml"))
    assert len(sites) == 3
