// Looks at a page as it is shown, and returns what is wrong: a text for each kind of fault and element. Contrast is
// that of WCAG 2: 4.5 for text, 3 for marks of charts and outlines.
(() => {
  const faults = new Map();
  const fault = (kind, el, detail) => {
    const name = el.tagName.toLowerCase() + [...el.classList].map(c => "." + c).join("");
    const key = kind + " " + name;
    if (!faults.has(key)) faults.set(key, { detail, text: el.textContent.trim().slice(0, 60), count: 0 });
    faults.get(key).count++;
  };
  const colour = text => {
    const m = text.match(/^rgba?\(([\d.]+), ([\d.]+), ([\d.]+)(?:, ([\d.]+))?\)$/);
    if (!m) throw new Error("a colour that is not understood: " + text);
    return { rgb: m.slice(1, 4).map(Number), alpha: m[4] === undefined ? 1 : Number(m[4]) };
  };
  const over = (top, bottom) => top.rgb.map((c, i) => c * top.alpha + bottom[i] * (1 - top.alpha));
  const luminance = rgb => rgb.map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const contrast = (a, b) => {
    const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (light + 0.05) / (dark + 0.05);
  };
  const ancestors = el => { const list = []; for (; el; el = el.parentElement) list.push(el); return list; };
  const backgrounds = new Map([[null, [255, 255, 255]]]);
  const background = el => {
    if (!backgrounds.has(el)) backgrounds.set(el, over(colour(getComputedStyle(el).backgroundColor), background(el.parentElement)));
    return backgrounds.get(el);
  };
  const opacity = el => ancestors(el).reduce((product, a) => product * Number(getComputedStyle(a).opacity), 1);
  const shown = el => el.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && !ancestors(el).some(a => getComputedStyle(a).clipPath !== "none");
  const scrolls = el => /auto|scroll/.test(getComputedStyle(el).overflowX);
  const clips = el => /hidden|clip/.test(getComputedStyle(el).overflowX);

  const root = document.documentElement;
  const smallest = matchMedia("print").matches ? 9 : 11;
  if (root.scrollWidth > root.clientWidth) fault(`the page is ${root.scrollWidth} px wide`, root, "");

  const paint = (shape, style) => shape.tagName !== "line" && style.fill !== "none" ? style.fill : style.stroke;
  const check = (el, ink, ground, least, kind) => {
    const c = colour(ink);
    const ratio = contrast(over({ rgb: c.rgb, alpha: c.alpha * opacity(el) }, ground), ground);
    if (ratio < least) fault(kind, el, ratio.toFixed(2));
  };
  for (const el of document.body.querySelectorAll("*")) {
    if (!shown(el)) continue;
    const box = el.getBoundingClientRect(), style = getComputedStyle(el), svg = el.ownerSVGElement;
    if (el.classList.contains("skip") && document.activeElement !== el) continue; // it is beside the page until it has the focus
    const within = ancestors(el.parentElement).some(a => a !== document.body && a !== root && (scrolls(a) || clips(a)));
    const beyond = box => !within && box.width > 0 && (box.right > innerWidth + 1 || box.left < -1);
    if (beyond(box)) fault("beyond the window", el, Math.round(box.right));
    if (!svg && clips(el) && el.scrollWidth > el.clientWidth + 1 && !el.closest("[title]")) fault("cut off", el, el.scrollWidth + " of " + el.clientWidth);
    if (scrolls(el) && el.scrollWidth > el.clientWidth && el.tabIndex < 0) fault("scrolls, but not by keyboard", el, "");
    if (scrolls(el) && el.clientWidth < 200 && el.scrollWidth > el.clientWidth) fault("scrolls in too little room", el, el.clientWidth);
    if (el.classList.contains("detection")) check(el, style.borderLeftColor, background(el.parentElement), 3, "contrast of border");

    if (svg && /^(rect|circle|path|line)$/.test(el.tagName) && !el.matches(".grid, .box")) {
      check(el, paint(el, style), background(svg), 3, "contrast of mark");
    }
    if (![...el.childNodes].some(n => n.nodeType === Node.TEXT_NODE && n.data.trim() !== "")) continue;
    const text = document.createRange();
    text.selectNodeContents(el);
    if (!svg && !scrolls(el) && !clips(el) && beyond(text.getBoundingClientRect())) fault("text beyond the window", el, "");
    if (svg) {
      if (el.tagName !== "text") continue;
      const room = svg.getBoundingClientRect();
      if (box.left < room.left - 1 || box.right > room.right + 1) fault("text beyond its chart", el, "");
      const size = parseFloat(style.fontSize) * el.getScreenCTM().a;
      if (size < 9) fault("text too small", el, size.toFixed(1) + " px");
      const [x, y] = [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
      const grounds = [background(svg)];
      for (const shape of svg.querySelectorAll("rect, circle")) {
        const at = shape.getBoundingClientRect();
        if (at.left < x && x < at.right && at.top < y && y < at.bottom) grounds.push(over(colour(getComputedStyle(shape).fill), grounds[0]));
      }
      check(el, style.fill, grounds.at(-1), 4.5, "contrast of text");
    } else {
      if (parseFloat(style.fontSize) < smallest) fault("text too small", el, style.fontSize);
      check(el, style.color, background(el), 4.5, "contrast of text");
    }
  }
  for (const selector of ["a.skip", "nav a", "summary", ".scroll"]) {
    const el = [...document.querySelectorAll(selector)].find(shown);
    if (!el) continue;
    el.focus();
    const style = getComputedStyle(el), box = el.getBoundingClientRect();
    if (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2) fault("no outline with the focus", el, "");
    else check(el, style.outlineColor, background(el.parentElement), 3, "contrast of outline");
    if (box.right <= 0 || box.left >= innerWidth) fault("not in the window with the focus", el, "");
    el.blur();
  }
  return [...faults].map(([key, f]) => `${key}: ${f.detail} (${f.count} times, as ${JSON.stringify(f.text)})`);
})()
