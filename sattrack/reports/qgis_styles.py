"""Styles in QGIS's own XML (QML), so that a map opens with boxes coloured by what was counted and labelled when close."""

from xml.sax.saxutils import quoteattr

# Vermilion for what was counted, gray for what is only stored, sky blue for sites: Okabe and Ito 2008, safe for colour-blind
# eyes, and rare on roofs and water.
COUNTED_RGB = (213, 94, 0)
STORED_RGB = (110, 110, 110)
SITE_RGB = (86, 180, 233)

_QML = """<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>
<qgis version="3.22.0" styleCategories="Symbology|Labeling" labelsEnabled="1">
 {renderer}
 {labels}
 <layerGeometryType>2</layerGeometryType>
</qgis>
"""


def detections_qml() -> str:
    """Boxes: counted ones vermilion, others dashed gray; class length and score as a label from 1:2,000."""
    rules = (
        ("counted", '"counted"', _fill("0", rgb=COUNTED_RGB, opacity=70, width=0.36)),
        ("stored, not counted", "ELSE", _fill("1", rgb=STORED_RGB, opacity=0, width=0.26, line="dash")),
    )
    listed = "".join(
        f'<rule key="{{{i}}}" symbol="{i}" label={quoteattr(label)} filter={quoteattr(test)}/>'
        for i, (label, test, _) in enumerate(rules)
    )
    renderer = (
        f'<renderer-v2 type="RuleRenderer" symbollevels="0" enableorderby="0" forceraster="0"><rules key="{{all}}">{listed}'
        f"</rules><symbols>{''.join(symbol for _, _, symbol in rules)}</symbols></renderer-v2>"
    )
    text = 'coalesce(nullif("teu_class", \'\'), "class_name") || \' \' || format_number("confidence", 2)'
    return _QML.format(renderer=renderer, labels=_labels(text, size=7, from_scale=2000))


def sites_qml() -> str:
    """Sites: an outline in sky blue with the name, and the zone where there is one."""
    renderer = _single(_fill("0", rgb=SITE_RGB, opacity=25, width=0.66))
    text = 'coalesce("name", "site_id") || if("zone" <> \'\', \' / \' || "zone", \'\')'
    return _QML.format(renderer=renderer, labels=_labels(text, size=10, from_scale=0))


def scenes_qml() -> str:
    """Scenes: a thin dashed edge with the time."""
    renderer = _single(_fill("0", rgb=STORED_RGB, opacity=0, width=0.26, line="dot"))
    text = 'coalesce(to_string("datetime"), "scene_id")'
    return _QML.format(renderer=renderer, labels=_labels(text, size=8, from_scale=0))


def _single(symbol: str) -> str:
    return (
        '<renderer-v2 type="singleSymbol" symbollevels="0" enableorderby="0" forceraster="0">'
        f"<symbols>{symbol}</symbols></renderer-v2>"
    )


def _fill(name: str, *, rgb: tuple[int, int, int], opacity: int, width: float, line: str = "solid") -> str:
    """A polygon symbol; opacity of its inside from 0 to 255, width of its edge in millimetres."""
    colour = ",".join(map(str, rgb))
    properties = {
        "color": f"{colour},{opacity}", "style": "solid" if opacity else "no", "outline_color": f"{colour},255",
        "outline_style": line, "outline_width": f"{width:g}", "outline_width_unit": "MM", "joinstyle": "miter",
    }  # fmt: skip
    # `prop` is read by every QGIS 3; the newer `Option` is not read by the older ones.
    listed = "".join(f'<prop k="{key}" v="{value}"/>' for key, value in properties.items())
    return (
        f'<symbol type="fill" name="{name}" alpha="1" clip_to_extent="1" force_rhr="0">'
        f'<layer class="SimpleFill" enabled="1" locked="0" pass="0">{listed}</layer></symbol>'
    )


def _labels(expression: str, *, size: int, from_scale: int) -> str:
    """Labels with a white halo; from_scale: shown only when closer than 1:from_scale, 0 for always."""
    seen = f'scaleVisibility="1" scaleMin="1" scaleMax="{from_scale}"' if from_scale else 'scaleVisibility="0"'
    return (
        f'<labeling type="simple"><settings calloutType="simple"><text-style fieldName={quoteattr(expression)} '
        f'isExpression="1" fontFamily="Sans Serif" fontSize="{size}" fontSizeUnit="Point" textColor="20,20,20,255" '
        'textOpacity="1">'
        '<text-buffer bufferDraw="1" bufferSize="0.8" bufferSizeUnits="MM" bufferColor="255,255,255,230" bufferOpacity="1"/>'
        '</text-style><placement placement="1" quadOffset="4" centroidWhole="1"/>'
        f'<rendering {seen} obstacle="0" drawLabels="1"/></settings></labeling>'
    )
