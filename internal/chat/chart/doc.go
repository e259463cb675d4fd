// Package chart draws bars as inline SVG for pages that need no script: messages over time, and the largest
// of something.
//
// Its templates "chart" and "bars" take a Chart and a Bars, escape all text, and are shown with Style, which
// wants the colours --bar, --panel, --line and --soft of the page. It imports report, for numbers.
package chart
