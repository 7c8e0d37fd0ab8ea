"use strict";
(() => {
  const values = JSON.parse(document.getElementById("values").textContent);
  const { steps, at, bar, found, hits, apart } = values;
  const truth = values.true;
  const all = truth.length - 1;
  const now = at.slice();
  const table = document.getElementById("sets");

  const signed = (v) => {
    if (!Number.isFinite(v)) return "–";
    const text = Math.abs(v).toFixed(1);
    return text === "0.0" ? text : (v > 0 ? "+" : "−") + text;
  };
  const rate = (v, digits) => (Number.isFinite(v) ? v.toFixed(digits) : "–");
  const whole = (v) => v.toLocaleString("en-US");

  const figures = (d, s, k) => {
    const n = found[d][s][k], h = hits[d][s][k], t = truth[s];
    return {
      found: n,
      error: t ? (100 * (n - t)) / t : NaN,
      mae: t ? (100 * apart[d][s][k]) / t : NaN,
      precision: n ? h / n : NaN,
      recall: t ? h / t : NaN,
      f1: n + t ? (2 * h) / (n + t) : NaN,
    };
  };

  const show = (d) => {
    const k = now[d];
    for (const row of table.querySelectorAll(`tr[data-d="${d}"]`)) {
      const one = figures(d, Number(row.parentElement.dataset.s), k);
      const put = (name, text) => { row.querySelector(`.c-${name}`).textContent = text; };
      put("found", whole(one.found));
      put("error", signed(one.error));
      put("mae", rate(one.mae, 1));
      for (const name of ["precision", "recall", "f1"]) put(name, rate(one[name], 3));
      const long = Number.isFinite(one.error) ? Math.max(-100, Math.min(100, (100 * one.error) / bar)) : 0;
      const rect = row.querySelector(".c-bar rect");
      rect.setAttribute("x", Math.min(0, long));
      rect.setAttribute("width", Math.abs(long));
      rect.classList.toggle("over", Math.abs(one.error) > bar);
    }
    const total = figures(d, all, k);
    const input = document.getElementById(`slider-${d}`);
    const text = {
      t: steps[k].toString(), found: whole(total.found), error: signed(total.error) + " %", f1: rate(total.f1, 3),
    };
    for (const [name, said] of Object.entries(text)) {
      document.querySelector(`#said-${d} .s-${name}`).textContent = said;
    }
    input.value = k;
    input.setAttribute("aria-valuetext", `threshold ${text.t}, count error ${text.error}`);
    for (const line of document.querySelectorAll(`.panel[data-d="${d}"] .cursor`)) {
      const left = Number(line.dataset.left), right = Number(line.dataset.right);
      line.setAttribute("transform", `translate(${left + (right - left) * steps[k]} 0)`);
    }
  };

  now.forEach((_, d) => {
    document.getElementById(`slider-${d}`).addEventListener("input", (event) => {
      now[d] = Number(event.target.value);
      show(d);
    });
    show(d);
  });
  document.getElementById("back").addEventListener("click", () => {
    at.forEach((k, d) => { now[d] = k; show(d); });
  });

  // Of several detectors a set is as bad as the worst of them. worse: +1 where more is worse, -1 where less is.
  const number = (text) => {
    const value = parseFloat(text.replace("−", "-").replaceAll(",", ""));
    return Number.isFinite(value) ? value : null;
  };
  const badness = (body, key, worse) => {
    const cells = [...body.querySelectorAll(`.c-${key}`)].map((cell) => number(cell.textContent)).filter((v) => v !== null);
    if (!cells.length) return -Infinity;
    return Math.max(...cells.map((v) => (key === "error" ? Math.abs(v) : worse * v)));
  };
  const sort = (head, flip) => {
    const { key, worse } = head.dataset;
    const rows = [...table.tBodies].filter((body) => !body.classList.contains("all"));
    const name = (body) => body.querySelector(".c-name").textContent;
    const order = (a, b) => name(a).localeCompare(name(b));
    rows.sort((a, b) => {
      if (key === "name") return order(a, b);
      const left = badness(a, key, Number(worse)), right = badness(b, key, Number(worse));
      return left === right ? order(a, b) : right - left;
    });
    if (flip) rows.reverse();
    const last = table.querySelector("tbody.all");
    for (const body of rows) table.insertBefore(body, last);
    for (const other of table.tHead.querySelectorAll("th")) other.removeAttribute("aria-sort");
    const up = key === "name" || worse === "-1";
    head.setAttribute("aria-sort", up !== flip ? "ascending" : "descending");
  };
  for (const head of table.tHead.querySelectorAll("th[data-key]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const up = head.dataset.key === "name" || head.dataset.worse === "-1";
      sort(head, head.getAttribute("aria-sort") === (up ? "ascending" : "descending"));
    });
  }
  document.getElementById("worst").addEventListener("click", () => sort(table.tHead.querySelector('[data-key="error"]'), false));
  document.documentElement.classList.add("js");
})();
