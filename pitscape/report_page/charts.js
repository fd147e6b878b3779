// Draws the charts; each svg gets a view box, by which it fits another width on paper.
(() => {
  const figures = JSON.parse(document.getElementById("charts-data").textContent);
  const narrow = matchMedia("(max-width: 30rem)").matches;
  const fitted = (plot) => {
    for (const svg of plot.querySelectorAll(".main-svg")) {
      const width = svg.getAttribute("width"), height = svg.getAttribute("height");
      svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
      plot.style.setProperty("--plot", width / height);
    }
  };
  for (const plot of document.querySelectorAll("[data-chart]")) {
    const figure = figures[plot.dataset.chart];
    const layout = { ...figure.layout, autosize: true };
    if (narrow) layout.font = { ...layout.font, size: 11 };
    Plotly.newPlot(plot, figure.data, layout, { displayModeBar: false, responsive: true }).then(() => fitted(plot));
    plot.on("plotly_afterplot", () => fitted(plot));
  }
})();
