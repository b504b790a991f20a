"use strict";
(() => {
  const at = (id) => document.getElementById(id);
  const data = JSON.parse(at("slider-data").textContent);
  const slide = at("slide"), now = at("now"), live = at("live"), reset = at("reset");
  const hint = at("hint"), lead = at("hint-lead"), command = at("hint-command");
  const last = Number(slide.max);
  const show = (name, text) => document.querySelectorAll(`[data-live="${name}"]`).forEach((cell) => { cell.textContent = text; });
  const fixed = (value, digits) => (Object.is(value, -0) ? 0 : value)
    .toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits, roundingMode: "halfEven" }).replace(/^-(0(\.0*)?)$/, "$1");
  const percent = (value) => `${fixed(100 * value, 1)}%`;
  const amount = (value) => {
    const size = Math.abs(value);
    return fixed(value, size >= 10 || size === 0 ? 0 : 1 - Math.floor(Math.log10(size)));
  };
  const three = (value) => {
    const whole = Math.abs(value) >= 1 ? Math.floor(Math.log10(Math.abs(value))) : 0;
    return fixed(value, whole >= 3 ? 0 : Math.max(3 - whole, 0));
  };
  // The thumb's middle travels from half its width to the width less that.
  const place = (index) => `calc(8px + (100% - 16px) * ${last ? index / last : 0})`;
  const mark = at("shipped-mark");
  mark.style.left = place(data.shipped);
  // At an end the word stands beside its tick, not over the edge.
  if (last && data.shipped / last < 0.06) mark.classList.add("start");
  if (last && data.shipped / last > 0.94) mark.classList.add("end");
  at("controls").hidden = false;
  live.hidden = false;
  let speak;
  const say = (text, short) => {
    slide.setAttribute("aria-valuetext", short);
    // A screen reader is told once the slider rests.
    clearTimeout(speak);
    speak = setTimeout(() => { live.textContent = text; }, 150);
  };
  const suggest = (text, why) => {
    if (!hint) return;
    hint.hidden = !text;
    lead.textContent = why ?? "To build the run with it:";
    command.textContent = text;
  };

  if (data.kind !== "threshold") {
    const units = { confidence: ["confidence", ["decided", "undecided", "accuracy"]], coverage: ["coverage", ["at", "measured", "width"]] };
    const update = () => {
      const index = Number(slide.value), step = data.steps[index];
      const [name, shown] = units[data.kind];
      now.textContent = step.at;
      shown.forEach((key) => show(key, step[key]));
      reset.disabled = index === data.shipped;
      if (data.kind === "confidence") {
        say(`From a confidence of ${step.at}; ${step.decided} of the rows are decided, ${step.accuracy} of these rightly, and ${step.undecided} are left to a person.`, `${step.at}: decides ${step.decided}, right ${step.accuracy}`);
        suggest(index === data.shipped || step.accept === null ? "" : `dvc exp run -S threshold.accept_accuracy=${step.accept}`, "To build the run that decides as many rows as it can this accurately:");
      } else {
        say(`Wanted: ${step.at}; the intervals hold ${step.measured} of the outcomes and are ${step.width} wide on average.`, `${step.at}: holds ${step.measured}, width ${step.width}`);
      }
    };
    slide.addEventListener("input", update);
    reset.addEventListener("click", () => { slide.value = data.shipped; update(); slide.focus(); });
    update();
    return;
  }

  const keys = ["false_positive", "false_negative", "true_positive", "true_negative"];
  const best = at("best"), whatif = at("whatif"), costsReset = at("costs-reset"), curve = at("curve");
  const inputs = data.costs ? keys.map((key) => at(`cost-${key}`)) : [];
  const count = (key, index) => data[key][index];
  const rows = keys.reduce((sum, key) => sum + count(key, 0), 0);
  const positives = count("true_positive", 0) + count("false_negative", 0);
  const costs = () => Object.fromEntries(keys.map((key, place) => [key, inputs[place].value === "" ? NaN : Number(inputs[place].value)]));
  const costAt = (index, by) => 1000 * keys.reduce((sum, key) => sum + by[key] * count(key, index), 0) / rows;
  const costNone = (by) => 1000 * (by.false_negative * positives + by.true_negative * (rows - positives)) / rows;
  const costAll = (by) => 1000 * (by.true_positive * positives + by.false_positive * (rows - positives)) / rows;
  const cheapest = (by) => {
    let found = 0;
    for (let index = 1; index <= last; index += 1) if (costAt(index, by) < costAt(found, by) - 1e-9) found = index;
    // Of equal costs, what ships.
    return Math.abs(costAt(data.shipped, by) - costAt(found, by)) < 1e-9 ? data.shipped : found;
  };

  // What params would refuse; costs that hold give nothing.
  const refused = (by) => {
    if (!Object.values(by).every(Number.isFinite)) return "A cost is missing, so no value is told.";
    const wrong = by.false_positive < by.true_negative ? "a false alarm must not cost less than a row rightly let go"
      : by.false_negative < by.true_positive ? "a miss must not cost less than a hit"
        : by.false_positive === by.true_negative && by.false_negative === by.true_positive ? "a false alarm and a miss cannot both cost what being right costs" : "";
    return wrong && `No run takes these costs, and no value is told: ${wrong}.`;
  };
  // The command that builds what is shown.
  const build = (index, by, changed, found) => {
    const set = changed.map((key) => ` -S threshold.costs.${key}=${by[key]}`).join("");
    const seeks = data.strategy === "min_cost";
    // Other strategies choose the same threshold whatever errors cost.
    const stays = index === data.shipped && (!changed.length || !seeks);
    const sought = !stays && index === found && (changed.length > 0 || !seeks);
    const point = stays ? "" : sought ? seeks ? "" : " -S threshold.strategy=min_cost"
      : ` -S threshold.strategy=fixed -S threshold.fixed=${data.thresholds[index]}`;
    suggest(point || set ? `dvc exp run${point}${set}` : "", sought ? "To build the run with the best threshold by these costs, sought among all scores:" : undefined);
  };

  // The value over the slider, on the slider's own scale.
  const label = (text, style) => {
    const node = document.createElement("span");
    node.className = "label";
    node.textContent = text;
    Object.assign(node.style, style);
    return node;
  };
  const line = (values, low, high, kind) => {
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    const points = values.map((value, index) => `${(100 * index / last).toFixed(2)} ${(100 - 100 * (value - low) / (high - low)).toFixed(2)}`);
    path.setAttribute("d", `M${points.join("L")}`);
    if (kind) path.setAttribute("class", kind);
    return path;
  };
  const draw = (by) => {
    const indices = data.thresholds.map((_, index) => index);
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 100 100");
    svg.setAttribute("preserveAspectRatio", "none");
    const parts = [svg];
    const shares = { right: indices.map((i) => count("true_positive", i) / Math.max(count("true_positive", i) + count("false_positive", i), 1)), caught: indices.map((i) => count("true_positive", i) / Math.max(positives, 1)) };
    if (by) {
      const values = indices.map((index) => costNone(by) - costAt(index, by));
      const high = Math.max(0, ...values);
      // What is far worse than acting on none is not drawn to its end.
      const low = Math.max(Math.min(0, ...values), high > 0 ? -1.5 * high : -Infinity);
      const span = high - low || 1;
      svg.append(line(values.map((value) => Math.max(value, low)), low, low + span));
      const zero = document.createElement("div");
      zero.className = "level";
      zero.style.top = `${100 * high / span}%`;
      parts.push(zero, label("acting on none: 0", { right: "0", top: `calc(${100 * high / span}% + 3px)` }));
      parts.push(label(`worth per 1,000 rows, up to ${amount(high)}`, { left: "0", top: "-1.3rem" }));
    } else {
      svg.append(line(shares.caught, 0, 1), line(shares.right, 0, 1, "second"));
      parts.push(label("caught (line) and right (dashes), 0 to 100%", { left: "0", top: "-1.3rem" }));
    }
    for (const kind of ["cursor fixed", "cursor"]) {
      const node = document.createElement("div");
      node.className = kind;
      node.style.left = `${last ? 100 * data.shipped / last : 0}%`;
      parts.push(node);
    }
    curve.replaceChildren(...parts);
    curve.style.marginTop = "1.6rem";
  };

  const tellCosts = (index) => {
    const by = costs(), wrong = refused(by);
    const changed = keys.filter((key) => by[key] !== data.costs[key]);
    costsReset.disabled = !changed.length;
    const figures = { cost: costAt(index, by), over_none: costNone(by) - costAt(index, by), over_all: costAll(by) - costAt(index, by) };
    Object.entries(figures).forEach(([name, value]) => show(name, wrong ? "-" : amount(value)));
    const found = wrong ? index : cheapest(by);
    best.disabled = index === found;
    if (wrong) {
      suggest("");
      return wrong;
    }
    build(index, by, changed, found);
    const told = [`Per 1,000 out-of-fold rows it costs ${amount(figures.cost)}; acting on none costs ${amount(costNone(by))}, acting on all ${amount(costAll(by))}.`];
    if (changed.length) told.push("These are not the shipped costs.");
    told.push(index === found ? `None of the ${last + 1} thresholds here costs less.`
      : `Least of the ${last + 1} thresholds here is ${amount(costAt(found, by))}, at ${three(data.thresholds[found])}.`);
    if (found !== data.shipped) told.push(`Keeping the shipped one loses ${amount(costAt(data.shipped, by) - costAt(found, by))}.`);
    return told.join(" ");
  };

  const update = () => {
    const index = Number(slide.value);
    const threshold = data.thresholds[index];
    const [tp, fp, fn, tn] = ["true_positive", "false_positive", "false_negative", "true_negative"].map((key) => count(key, index));
    const precision = tp + fp ? tp / (tp + fp) : 0, recall = positives ? tp / positives : 0, flagged = (tp + fp) / rows;
    now.textContent = three(threshold);
    [["tp", tp], ["fp", fp], ["fn", fn], ["tn", tn]].forEach(([name, value]) => show(name, fixed(value, 0)));
    show("precision", percent(precision));
    show("recall", percent(recall));
    show("flagged", percent(flagged));
    reset.disabled = index === data.shipped;
    const cursor = curve.querySelector(".cursor:not(.fixed)");
    if (cursor) cursor.style.left = `${last ? 100 * index / last : 0}%`;
    say(`Threshold ${three(threshold)}, out-of-fold; ${percent(flagged)} of the rows are flagged, ${percent(precision)} of them rightly, and ${percent(recall)} of the cases are caught.${data.costs ? ` ${tellCosts(index)}` : ""}`,
      `${three(threshold)}: flags ${percent(flagged)}, right ${percent(precision)}`);
    if (data.costs) return;
    if (data.expected_cost) show("cost", amount(1000 * data.expected_cost[index]));
    build(index, null, [], -1);
  };
  slide.addEventListener("input", update);
  reset.addEventListener("click", () => { slide.value = data.shipped; update(); slide.focus(); });
  if (data.costs) {
    whatif.hidden = false;
    const redraw = () => {
      const by = costs(), wrong = refused(by);
      curve.classList.toggle("stale", Boolean(wrong));
      if (!wrong) draw(by);
      update();
    };
    inputs.forEach((input) => input.addEventListener("input", redraw));
    costsReset.addEventListener("click", () => { keys.forEach((key, place) => { inputs[place].value = data.costs[key]; }); redraw(); inputs[0].focus(); });
    best.addEventListener("click", () => { slide.value = cheapest(costs()); update(); slide.focus(); });
    redraw();
  } else { draw(null); update(); }
})();
