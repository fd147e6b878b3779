// The map: an epoch by its slider, another one to the left of a line that mouse, touch and arrow keys move.
(() => {
  const stage = document.getElementById("stage");
  if (!stage) return;
  const frames = [...stage.querySelectorAll(".frame")];
  const epoch = document.getElementById("epoch");
  const compare = document.getElementById("compare");
  const swipe = document.getElementById("swipe");
  stage.classList.add("live");

  const show = () => {
    const after = epoch ? Number(epoch.value) : 0;
    const before = compare && compare.value !== "" ? Number(compare.value) : after;
    frames.forEach((frame, place) => {
      frame.classList.toggle("after", place === after);
      frame.classList.toggle("before", place === before && before !== after);
    });
    stage.classList.toggle("comparing", before !== after);
    if (!epoch) return;
    document.getElementById("epoch-name").value = frames[after].dataset.name;
    epoch.setAttribute("aria-valuetext", frames[after].dataset.name);
  };

  const move = (percent) => {
    const at = Math.min(100, Math.max(0, percent));
    stage.style.setProperty("--at", `${at}%`);
    swipe.setAttribute("aria-valuenow", String(Math.round(at)));
  };
  const steps = { ArrowLeft: -2, ArrowDown: -2, ArrowRight: 2, ArrowUp: 2, PageDown: -10, PageUp: 10, Home: -100, End: 100 };

  if (swipe) {
    const drag = (event) => {
      const box = stage.getBoundingClientRect();
      move(100 * (event.clientX - box.left) / box.width);
    };
    swipe.addEventListener("pointerdown", (event) => {
      swipe.setPointerCapture(event.pointerId);
      swipe.focus();
      event.preventDefault();
    });
    swipe.addEventListener("pointermove", (event) => {
      if (swipe.hasPointerCapture(event.pointerId)) drag(event);
    });
    swipe.addEventListener("keydown", (event) => {
      if (!(event.key in steps)) return;
      event.preventDefault();
      move(Number(swipe.getAttribute("aria-valuenow")) + steps[event.key]);
    });
    epoch.addEventListener("input", show);
    compare.addEventListener("change", show);
  }
  for (const box of document.querySelectorAll("[data-layer]")) {
    box.addEventListener("change", () => stage.classList.toggle(`no-${box.dataset.layer}`, !box.checked));
  }
  const strength = document.getElementById("strength");
  strength?.addEventListener("input", () => stage.style.setProperty("--strength", strength.value / 100));
  show();
})();
