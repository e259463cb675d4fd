// Searches all messages by an index in pieces, which are scripts, so that it works on pages that are opened from a disk.
(async function () {
  "use strict";
  const shownAtOnce = 50;
  const longestWord = 40;
  const mostWords = 32; // of a query
  const mostPieces = 24; // that a word's beginning may stand in
  const mostPeople = 40; // that a name may stand for
  const paired = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
  const form = document.querySelector("form.search");
  const state = document.getElementById("state");
  const chart = document.getElementById("chart");
  const hits = document.getElementById("hits");
  const more = document.getElementById("more");

  // Pieces that were loaded, or are being loaded, by their path.
  const pieces = new Map();
  const arrived = {};
  window.csbackupPiece = function (path, content) { arrived[path] = content; };

  function load(path) {
    if (!pieces.has(path)) {
      pieces.set(path, new Promise(function (resolve, reject) {
        const script = document.createElement("script");
        script.onload = function () {
          script.remove();
          const content = arrived[path];
          delete arrived[path];
          resolve(content);
        };
        script.onerror = function () { reject(new Error("The file search/" + path + ".js cannot be read.")); };
        script.src = "search/" + path + ".js";
        document.head.append(script);
      }));
    }
    return pieces.get(path);
  }

  function numbered(kind, n) { return kind + "/" + Math.floor(n / 1000) + "/" + n; }

  let index;
  try {
    index = await load("index");
  } catch (problem) {
    state.textContent = problem.message + " Is the folder whole?";
    return;
  }

  // Pages in the order of the messages: the number of the first message, the room, the name, and the first and last
  // day of its messages, in days since 1970.
  const pageFirst = [], pageRoom = [], pageName = [], pageSince = [], pageUntil = [];
  let total = 0;
  index.rooms.forEach(function (room, n) {
    room[3].split(",").forEach(function (one) {
      if (!one) { return; }
      const parts = one.split(/[=:]/);
      pageFirst.push(total);
      pageRoom.push(n);
      pageName.push(parts[0]);
      total += Number(parts[1]);
      pageSince.push(Number(parts[2]));
      pageUntil.push(Number(parts[3]));
    });
  });
  const roomLabels = index.rooms.map(function (room) { return room[2] ? room[2] + " / " + room[1] : room[1]; });

  function folded(text) { return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().replace(/ς/g, "σ"); }

  // Cuts a text into words, as the index does.
  function words(text) {
    const found = [];
    (folded(text).match(/[\p{L}\p{N}]+/gu) || []).forEach(function (run) {
      let word = [], last = "";
      function end() {
        if (last) { found.push(last); last = ""; }
        if (word.length) { found.push(word.slice(0, longestWord).join("")); word = []; }
      }
      for (const c of run) {
        if (paired.test(c) && /\p{L}/u.test(c)) {
          if (last) { found.push(last + c); } else { end(); }
          last = c;
        } else {
          if (last) { end(); }
          word.push(c);
        }
      }
      end();
    });
    return found;
  }

  // What somebody looks for: words that must be there, and beginnings of words.
  function parse(text) {
    const all = words(text).slice(0, mostWords), query = { words: [], prefixes: [] };
    const open = /[\p{L}\p{N}\p{M}]$/u.test(text);
    all.forEach(function (word, i) {
      const chars = Array.from(word), isPaired = paired.test(word);
      if (all.indexOf(word) < i) { return; }
      if (isPaired && chars.length === 1) {
        const before = i > 0 ? Array.from(all[i - 1]) : [];
        if (!(before.length === 2 && before[1] === word && paired.test(word))) { query.prefixes.push(word); }
      } else if (!isPaired && open && i === all.length - 1) {
        query.prefixes.push(word);
      } else {
        query.words.push(word);
      }
    });
    return query;
  }

  // The order of the index is that of bytes in UTF-8, which is that of code points.
  function compare(a, b) {
    const x = a[Symbol.iterator](), y = b[Symbol.iterator]();
    for (;;) {
      const p = x.next(), q = y.next();
      if (p.done || q.done) { return (p.done ? 0 : 1) - (q.done ? 0 : 1); }
      const d = p.value.codePointAt(0) - q.value.codePointAt(0);
      if (d) { return d; }
    }
  }

  // The pieces that words from one to another can stand in.
  function range(from, to) {
    let low = 0, high = index.pieces.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compare(index.pieces[middle], from) < 0) { low = middle + 1; } else { high = middle; }
    }
    const list = [];
    for (let n = Math.max(0, low - 1); n < index.pieces.length && compare(index.pieces[n], to) <= 0; n++) { list.push(n); }
    return list;
  }

  function decode(text, into) {
    const bytes = atob(text);
    let number = 0, value = 0, shift = 1;
    for (let i = 0; i < bytes.length; i++) {
      const b = bytes.charCodeAt(i);
      value += (b & 127) * shift;
      if (b < 128) {
        number += value;
        into.push(number);
        value = 0;
        shift = 1;
      } else {
        shift *= 128;
      }
    }
  }

  async function numbers(from, to, fits) {
    const needed = range(from, to);
    if (needed.length > mostPieces && from !== to) { return null; }
    const lists = new Map();
    (await Promise.all(needed.map(function (n) { return load(numbered("words", n)); }))).forEach(function (entries) {
      entries.forEach(function (entry) {
        if (!fits(entry[0])) { return; }
        if (!lists.has(entry[0])) { lists.set(entry[0], []); }
        decode(entry[1], lists.get(entry[0]));
      });
    });
    return union(Array.from(lists.values()));
  }

  function exactly(word) { return numbers(word, word, function (other) { return other === word; }); }

  let shortened = false; // a beginning stands for too many words, so that only the word itself was looked for
  async function beginning(prefix) {
    const list = await numbers(prefix, prefix + "\u{10FFFF}", function (word) { return word.startsWith(prefix); });
    if (list) { return list; }
    shortened = true;
    return exactly(prefix);
  }

  function union(lists) {
    if (lists.length < 2) { return lists[0] || []; }
    const all = [].concat.apply([], lists).sort(function (a, b) { return a - b; });
    return all.filter(function (n, i) { return i === 0 || n !== all[i - 1]; });
  }

  function intersection(a, b) {
    const both = [];
    for (let i = 0, j = 0; i < a.length && j < b.length;) {
      if (a[i] === b[j]) { both.push(a[i]); i++; j++; } else if (a[i] < b[j]) { i++; } else { j++; }
    }
    return both;
  }

  async function persons(text) {
    if (/^\d+$/.test(text)) { return [Number(text)]; }
    const people = await load("people"), wanted = text.toLowerCase();
    const exact = people.filter(function (p) { return label(p).toLowerCase() === wanted; });
    const found = exact.length ? exact : people.filter(function (p) { return label(p).toLowerCase().includes(wanted); });
    if (found.length > mostPeople) { throw new Error(found.length + " people have that in their name: type more of it."); }
    return found.map(function (p) { return p[0]; });
  }

  function label(person) { return person[2] ? person[1] + " (" + person[2] + ")" : person[1]; }

  // The first or last second of a year, month or day.
  function time(text, end) {
    const found = /^(\d{4})(?:-(\d\d))?(?:-(\d\d))?$/.exec(text.trim());
    if (!found) { throw new Error("A date is a year, a month or a day, such as 2018, 2018-01 or 2018-01-31."); }
    const y = Number(found[1]), m = found[2] ? Number(found[2]) - 1 : 0, d = found[3] ? Number(found[3]) : 1;
    if (!end) { return Date.UTC(y, m, d) / 1000; }
    return (found[3] ? Date.UTC(y, m, d + 1) : found[2] ? Date.UTC(y, m + 1, 1) : Date.UTC(y + 1, 0, 1)) / 1000 - 1;
  }

  let latest = 0;
  async function search() {
    const mine = ++latest, begun = performance.now();
    const values = new FormData(form), text = String(values.get("q")), query = parse(text);
    const room = String(values.get("room")).trim(), person = String(values.get("person")).trim();
    const since = String(values.get("since")).trim(), until = String(values.get("until")).trim();
    remember(values);
    show([], query, mine);
    shortened = false;
    if (!query.words.length && !query.prefixes.length && !person && !room) {
      say(total.toLocaleString("en") + " messages in " + index.rooms.length.toLocaleString("en") + " rooms. Type words, or choose a person or a room.");
      return;
    }
    say("Searching…");
    try {
      const from = since ? time(since, false) : -Infinity, to = until ? time(until, true) : Infinity;
      const lists = await Promise.all(query.words.map(exactly).concat(query.prefixes.map(beginning)));
      if (person) {
        lists.push(union(await Promise.all((await persons(person)).map(function (id) { return exactly("@" + id); }))));
      }
      if (mine !== latest) { return; }
      lists.sort(function (a, b) { return a.length - b.length; });
      let found = lists.length ? lists.reduce(intersection) : null;
      const chosen = pagesOf(room, from, to);
      const groups = byPage(found, chosen);
      if (since || until) { await cutDates(groups, from, to); }
      if (mine !== latest) { return; }
      let count = 0;
      groups.forEach(function (g) { count += g.numbers.length; });
      draw(groups);
      await show(groups, query, mine);
      if (mine !== latest) { return; }
      say(count === 0 ? "Nothing was found." : count.toLocaleString("en") + (count === 1 ? " message" : " messages") + ", the latest months first" + (shortened ? "; type more for words that begin with \u201c" + query.prefixes[0] + "\u201d" : ""));
      document.body.dataset.milliseconds = String(performance.now() - begun);
      document.body.dataset.found = text + "|" + count;
    } catch (problem) {
      if (mine === latest) { say(problem.message); document.body.dataset.found = text + "|0"; }
    }
  }

  function say(text) { state.textContent = text; }

  function remember(values) {
    const kept = new URLSearchParams();
    values.forEach(function (value, name) { if (value) { kept.set(name, value); } });
    const query = kept.toString();
    try { history.replaceState(null, "", location.pathname + (query ? "?" + query : "")); } catch (e) { /* some browsers forbid it on files */ }
  }

  // The pages of messages that a room and dates leave; null for all.
  function pagesOf(room, from, to) {
    if (!room && from === -Infinity && to === Infinity) { return null; }
    const wanted = room.toLowerCase();
    const exact = roomLabels.some(function (one) { return one.toLowerCase() === wanted; });
    const rooms = roomLabels.map(function (one) { return exact ? one.toLowerCase() === wanted : one.toLowerCase().includes(wanted); });
    return pageFirst.map(function (_, n) { return rooms[pageRoom[n]]; });
  }

  // Groups what was found, or all messages, by page: the pages of the latest months first.
  function byPage(found, chosen) {
    const groups = [];
    if (found === null) {
      pageFirst.forEach(function (first, n) {
        if (!chosen || chosen[n]) {
          const end = n + 1 < pageFirst.length ? pageFirst[n + 1] : total;
          groups.push({ page: n, numbers: Array.from({ length: end - first }, function (_, i) { return first + i; }) });
        }
      });
    } else {
      let n = 0, group = null;
      found.forEach(function (number) {
        while (n + 1 < pageFirst.length && pageFirst[n + 1] <= number) { n++; }
        if (chosen && !chosen[n]) { return; }
        if (!group || group.page !== n) { group = { page: n, numbers: [] }; groups.push(group); }
        group.numbers.push(number);
      });
    }
    return groups.sort(function (a, b) {
      const x = pageName[a.page].slice(0, 7), y = pageName[b.page].slice(0, 7);
      return x < y ? 1 : x > y ? -1 : pageRoom[a.page] - pageRoom[b.page] || b.page - a.page;
    });
  }

  // Takes away what is outside of two times. Only of pages that are in part outside the messages are looked at.
  async function cutDates(groups, from, to) {
    const day = 86400;
    for (const g of groups) {
      const first = pageSince[g.page] * day, last = (pageUntil[g.page] + 1) * day - 1;
      if (first >= from && last <= to) { continue; }
      if (first > to || last < from) { g.numbers = []; continue; }
      const all = await Promise.all(g.numbers.map(message));
      g.numbers = g.numbers.filter(function (_, i) { return all[i].at !== null && all[i].at >= from && all[i].at <= to; });
    }
  }

  async function message(number) {
    const n = Math.floor(number / index.chunk), chunk = await load(numbered("texts", n));
    const m = chunk.messages[number - n * index.chunk];
    return { id: m[0], author: m[1], name: chunk.people[m[1]], at: m[2], text: m[3], alert: m[4] === 1 };
  }

  let rest = null;
  async function show(groups, query, mine) {
    hits.replaceChildren();
    more.hidden = true;
    rest = { groups: groups, query: query, group: 0, taken: 0, page: -1 };
    if (groups.length) { await showMore(mine); }
  }

  async function showMore(mine) {
    const r = rest, wanted = [];
    while (wanted.length < shownAtOnce && r.group < r.groups.length) {
      const g = r.groups[r.group];
      if (r.taken >= g.numbers.length) { r.group++; r.taken = 0; continue; }
      r.taken++;
      wanted.push({ page: g.page, number: g.numbers[g.numbers.length - r.taken] });
    }
    const found = await Promise.all(wanted.map(function (one) { return message(one.number); }));
    if (mine !== latest) { return; }
    found.forEach(function (m, i) {
      const page = wanted[i].page;
      if (page !== r.page) {
        const head = document.createElement("h2");
        head.className = "day";
        head.textContent = roomLabels[pageRoom[page]] + ", " + pageName[page].slice(0, 7);
        hits.append(head);
        r.page = page;
      }
      hits.append(article(m, "rooms/" + index.rooms[pageRoom[page]][0] + "/" + pageName[page] + ".html#m" + m.id, r.query));
    });
    more.hidden = r.group >= r.groups.length || r.group === r.groups.length - 1 && r.taken >= r.groups[r.group].numbers.length;
  }

  function link(to, name, text) {
    const a = document.createElement("a");
    a.href = to;
    a.className = name;
    a.textContent = text;
    return a;
  }

  function article(m, to, query) {
    const one = document.createElement("article"), head = document.createElement("header"), text = document.createElement("div");
    if (m.alert) { one.className = "alert"; }
    const at = m.at === null ? "no date" : new Date(m.at * 1000).toISOString().slice(0, 19).replace("T", " ");
    head.append(link("search.html?person=" + m.author, "who", m.name), " ", link(to, "when", at));
    text.className = "text";
    text.dir = "auto";
    mark(text, m.text, query);
    one.append(head, text);
    return one;
  }

  // Shows a text with the words that were looked for marked.
  function mark(element, text, query) {
    let done = 0;
    for (const found of text.matchAll(/[\p{L}\p{N}\p{M}]+/gu)) {
      const own = words(found[0]);
      const hit = own.some(function (word) {
        return query.words.includes(word) || query.prefixes.some(function (p) { return word.startsWith(p); });
      });
      if (!hit) { continue; }
      element.append(text.slice(done, found.index));
      const marked = document.createElement("mark");
      marked.textContent = found[0];
      element.append(marked);
      done = found.index + found[0].length;
    }
    element.append(text.slice(done));
  }

  // Draws how many messages were found in each month.
  function draw(groups) {
    chart.replaceChildren();
    const counts = new Map();
    groups.forEach(function (g) {
      const month = pageName[g.page].slice(0, 7);
      if (g.numbers.length) { counts.set(month, (counts.get(month) || 0) + g.numbers.length); }
    });
    const months = Array.from(counts.keys()).sort();
    if (months.length < 2) { return; }
    function order(month) { return Number(month.slice(0, 4)) * 12 + Number(month.slice(5, 7)) - 1; }
    const first = order(months[0]), width = order(months[months.length - 1]) - first + 1;
    if (width > 600) { return; }
    const most = Math.max.apply(null, Array.from(counts.values()));
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 " + width * 10 + " 1000");
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", "Messages found per month, at most " + most);
    counts.forEach(function (count, month) {
      const bar = document.createElementNS("http://www.w3.org/2000/svg", "rect"), size = Math.max(5, Math.round(count / most * 1000));
      bar.setAttribute("x", String((order(month) - first) * 10));
      bar.setAttribute("y", String(1000 - size));
      bar.setAttribute("width", "8");
      bar.setAttribute("height", String(size));
      const title = document.createElementNS("http://www.w3.org/2000/svg", "title");
      title.textContent = month + ": " + count.toLocaleString("en");
      bar.append(title);
      svg.append(bar);
    });
    const box = document.createElement("div"), ticks = document.createElement("div");
    box.className = "chart small";
    ticks.className = "ticks";
    [months[0], months[months.length - 1]].forEach(function (month) {
      const name = document.createElement("span");
      name.textContent = month;
      ticks.append(name);
    });
    box.append(svg, ticks);
    chart.append(box);
  }

  function suggest(input, list, all) {
    input.addEventListener("input", async function () {
      const wanted = input.value.toLowerCase();
      const options = (await all()).filter(function (one) { return one.toLowerCase().includes(wanted); }).slice(0, 20).map(function (one) {
        const option = document.createElement("option");
        option.value = one;
        return option;
      });
      list.replaceChildren.apply(list, options);
    });
  }

  let timer = 0;
  function soon() { clearTimeout(timer); timer = setTimeout(search, 150); }

  new URLSearchParams(location.search).forEach(function (value, name) {
    if (form.elements[name]) { form.elements[name].value = value; }
  });
  suggest(form.elements.room, document.getElementById("rooms"), async function () { return roomLabels; });
  suggest(form.elements.person, document.getElementById("people"), async function () { return (await load("people")).map(label); });
  form.addEventListener("input", soon);
  form.addEventListener("submit", function (event) { event.preventDefault(); clearTimeout(timer); search(); });
  more.addEventListener("click", function () { showMore(latest); });
  search();
}());
