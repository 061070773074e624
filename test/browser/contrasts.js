// Texts whose contrast against what is behind them is below 4.5 (WCAG 2, 1.4.3). An expression: its value is the list.
(() => {
  /** @param {string} color as CSS writes it, in any of its ways */
  function channels(color) {
    const canvas = new OffscreenCanvas(1, 1).getContext("2d");
    if (!canvas) throw new TypeError("There is no canvas to read colours from");
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  }

  /** @param {string} color */
  function luminance(color) {
    const [red = 0, green = 0, blue = 0] = channels(color).map((channel) => {
      const part = channel / 255;
      return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  }

  /** @param {Element} element @returns {string} */
  function behind(element) {
    const color = getComputedStyle(element).backgroundColor;
    return channels(color)[3] === 0 && element.parentElement ? behind(element.parentElement) : color;
  }

  /** @param {Element} element */
  function contrast(element) {
    const text = luminance(getComputedStyle(element).color);
    const ground = luminance(behind(element));
    return (Math.max(text, ground) + 0.05) / (Math.min(text, ground) + 0.05);
  }

  return [...document.querySelectorAll("body *")]
    .filter((element) => [...element.childNodes].some((node) => node instanceof Text && node.data.trim() !== ""))
    .filter((element) => element.checkVisibility() && contrast(element) < 4.5)
    .map((element) => `${element.textContent.trim()}: ${contrast(element).toFixed(2)}`);
})();
