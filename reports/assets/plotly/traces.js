// What the figures of reports/figures.py are made of; `scatter` is part of the core.
import Plotly from "plotly.js/lib/core";
import bar from "plotly.js/lib/bar";
import funnel from "plotly.js/lib/funnel";
import heatmap from "plotly.js/lib/heatmap";
import icicle from "plotly.js/lib/icicle";
import sankey from "plotly.js/lib/sankey";

Plotly.register([bar, funnel, heatmap, icicle, sankey]);

export default Plotly;
