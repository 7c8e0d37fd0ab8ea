"""Contrast of text in a page, measured in the browser."""

# Contrast of every visible piece of text with the first opaque ground behind it, by WCAG 2.
CONTRAST = """() => {
  const parse = c => (c.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const poor = [];
  for (const el of document.querySelectorAll('body *')) {
    if (el.closest('svg, .frame, .stage-only') || !el.checkVisibility()) continue;
    if (![...el.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())) continue;
    let ground = el, back = [0, 0, 0, 0];
    while (ground && back.length === 4 && back[3] === 0) {
      back = parse(getComputedStyle(ground).backgroundColor);
      ground = ground.parentElement;
    }
    const [a, b] = [light(parse(getComputedStyle(el).color)), light(back)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) poor.push([el.tagName, el.className, el.textContent.trim().slice(0, 30), ratio]);
  }
  return poor;
}"""
