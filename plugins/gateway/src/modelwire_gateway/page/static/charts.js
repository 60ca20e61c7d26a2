// Stacked columns, a column for each day, as SVG.

const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 220, LEFT = 68, BOTTOM = 22, TOP = 8, LABEL = 60;

function shape(tag, attributes, text) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  if (text !== undefined) made.append(text);
  return made;
}

// The next number of the kind 1, 2 or 5 times a power of ten.
function roundUp(value) {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value * 0.999999);
}

// `series` is a list of {name, values}, with a value for each of `days`; `width` is in pixels.
export function columns(label, width, days, series, format) {
  const chart = shape("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, class: "chart", role: "img", "aria-label": label });
  const sums = days.map((_, at) => series.reduce((sum, each) => sum + each.values[at], 0));
  const top = roundUp(Math.max(...sums));
  const high = HEIGHT - BOTTOM - TOP;
  for (const part of [0, 0.5, 1]) {
    const y = TOP + high * (1 - part);
    chart.append(shape("line", { x1: LEFT, x2: width, y1: y, y2: y }));
    chart.append(shape("text", { x: LEFT - 6, y: y + 4, "text-anchor": "end" }, format(top * part)));
  }
  const wide = (width - LEFT) / days.length;
  const every = Math.ceil(LABEL / wide);
  days.forEach((day, at) => {
    let y = TOP + high;
    series.forEach((each, index) => {
      const tall = (each.values[at] / top) * high;
      if (!(tall > 0)) return;
      y -= tall;
      const bar = shape("rect", {
        x: LEFT + at * wide + wide * 0.1, y, width: wide * 0.8, height: tall, class: `s${Math.min(index, 7)}`,
      });
      bar.append(shape("title", {}, `${day}\n${each.name}: ${format(each.values[at])}`));
      chart.append(bar);
    });
    if (at % every === 0) {
      chart.append(shape("text", { x: LEFT + (at + 0.5) * wide, y: HEIGHT - 6, "text-anchor": "middle" }, day.slice(5)));
    }
  });
  return chart;
}
