
// Searches and sorts the tables of the page. A table that goes on over several pages is loaded as a whole first.
(function () {
  "use strict";
  const most = 500; // rows that are shown at a time
  const loaded = {};
  window.csbackupRows = function (name, rows) { loaded[name] = rows; };

  function prepare(section) {
    const body = section.querySelector("tbody");
    const heads = Array.from(section.querySelectorAll("th"));
    const labels = heads.map(function (th) { return th.textContent; });
    const numbers = heads.map(function (th) { return th.classList.contains("number"); });
    const original = Array.from(body.rows);
    const nav = section.querySelector("nav");
    const input = section.querySelector("input");
    const output = section.querySelector("output");
    const file = section.dataset.file;
    let rows = null; // of {cells, text, row}, row being the one of the page where it is there
    let sorted = -1, down = false;

    function fromPage() {
      return original.map(function (row) {
        return { cells: Array.from(row.cells).map(function (td) { return td.textContent; }), row: row };
      });
    }

    function whenThere(then) {
      if (rows) { then(); return; }
      if (!file) { rows = fromPage(); then(); return; }
      say("Loading…");
      const script = document.createElement("script");
      script.onload = function () {
        rows = (loaded[section.id] || []).map(function (cells) { return { cells: cells }; });
        then();
      };
      script.onerror = function () {
        rows = fromPage();
        then();
        say("The file with all rows, " + file + ", is not there: only this page is searched.");
      };
      script.src = file;
      document.head.append(script);
    }

    function say(text) { if (output) { output.textContent = text; } }

    function element(one) {
      if (one.row) { return one.row; }
      const row = document.createElement("tr");
      one.cells.forEach(function (text, i) {
        const td = document.createElement("td");
        td.textContent = text;
        td.dataset.label = labels[i];
        if (numbers[i]) { td.className = "number"; }
        row.append(td);
      });
      one.row = row;
      return row;
    }

    function number(text) { return Number(text.replace(/,/g, "")) || 0; }

    const order = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

    function show() {
      const words = (input ? input.value : "").toLocaleLowerCase().split(/\s+/).filter(Boolean);
      if (words.length === 0 && sorted < 0) {
        body.replaceChildren.apply(body, original);
        if (nav) { nav.hidden = false; }
        say("");
        return;
      }
      let found = rows.filter(function (one) {
        if (one.text === undefined) { one.text = one.cells.join("\n").toLocaleLowerCase(); }
        return words.every(function (word) { return one.text.includes(word); });
      });
      if (sorted >= 0) {
        found = found.slice().sort(function (a, b) {
          const x = a.cells[sorted], y = b.cells[sorted];
          const way = numbers[sorted] ? number(x) - number(y) : order.compare(x, y);
          return down ? -way : way;
        });
      }
      body.replaceChildren.apply(body, found.slice(0, most).map(element));
      if (nav) { nav.hidden = true; }
      say(found.length.toLocaleString("en") + (found.length > most ? " rows, the first " + most + " are shown" : " rows"));
    }

    let timer = 0;
    if (input) {
      input.addEventListener("input", function () {
        clearTimeout(timer);
        timer = setTimeout(function () { whenThere(show); }, 80);
      });
      section.querySelector(".tools").hidden = false;
    }
    heads.forEach(function (th, i) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = th.textContent;
      button.addEventListener("click", function () {
        down = sorted === i ? !down : numbers[i];
        sorted = i;
        heads.forEach(function (other) { other.removeAttribute("aria-sort"); });
        th.setAttribute("aria-sort", down ? "descending" : "ascending");
        whenThere(show);
      });
      th.replaceChildren(button);
    });
  }

  Array.from(document.querySelectorAll("section.table")).forEach(prepare);
}());
