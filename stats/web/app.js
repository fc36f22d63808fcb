// SPDX-License-Identifier: BSD-3-Clause
// The dashboard: asks /api/v1/ and shows the rows.  All text goes in as text,
// so nothing that a list or a client chose can be markup.
"use strict";

const KEY = "fraudsink-token";
const REFRESH = 30000;
const ROWS = 10;
const COLOURS = 8;

const $ = id => document.getElementById(id);
let role = null, timer = null, round = 0;

// ---- small things ----

function el(name, attributes, ...children) {
	const svg = ["svg", "rect", "line", "title"].includes(name);
	const e = svg
		? document.createElementNS("http://www.w3.org/2000/svg", name)
		: document.createElement(name);

	for (const [k, v] of Object.entries(attributes || {}))
		e.setAttribute(k, v);
	for (const c of children)
		e.append(c);
	return e;
}

const whole = n => n === null || n === undefined
	? "–" : Math.round(n).toLocaleString("en").replaceAll(",", "\u202f");
const share = n => n === null ? "–" : (100 * n).toFixed(1) + "\u202f%";
const moment = t => t ? t.slice(0, 16).replace("T", " ") : "–";

function span(seconds) {
	if (seconds < 7200)
		return Math.round(seconds / 60) + " min";
	return seconds < 2 * 86400 ? Math.round(seconds / 3600) + " h"
		: Math.round(seconds / 86400) + " days";
}

const names = (() => {
	try {
		return new Intl.DisplayNames(["en"], { type: "region" });
	} catch (e) {
		return null;
	}
})();

function country(code) {
	if (!names || !/^[A-Z]{2}$/.test(code))
		return code;
	const name = names.of(code);

	return name && name !== code ? code + " " + name : code;
}

// ---- asking ----

class Refused extends Error {}

async function get(path, parameters) {
	const query = new URLSearchParams(parameters || {}).toString();
	const answer = await fetch("api/v1/" + path + (query ? "?" + query : ""),
		{ headers: { Authorization: "Bearer " +
			sessionStorage.getItem(KEY) } });

	if (answer.ok)
		return answer;
	const why = await answer.json().then(o => o.error, () => answer.statusText);
	throw answer.status === 401 ? new Refused(why) : new Error(why);
}

const ask = (path, parameters) => get(path, parameters).then(a => a.json());

function parameters(more) {
	const p = { since: $("since").value, ...more };

	if ($("would").value)
		p.would = "true";
	return p;
}

// ---- tables ----

// A column: key in the row, title, kind (t text, n number, s share), class.
function table(rows, columns) {
	const head = el("tr"), body = el("tbody");

	for (const [, title, kind, more] of columns)
		head.append(el("th", { class: (kind === "t" ? "t " : "") +
			(more || "") }, title));
	for (const row of rows) {
		const tr = el("tr");

		for (const [key, , kind, more, format] of columns) {
			const v = row[key];
			const td = el("td", { class: (kind === "t" ? "t " :
				kind === "s" ? "share " : "") + (more || "") });

			if (kind === "s" && v !== null) {
				td.append(el("span", null, share(v)));
				td.style.backgroundSize =
					"calc((100% - 4.6rem) * " +
					Math.min(v, 1) + ") .55rem";
			} else {
				td.append(format ? format(v) : kind === "n"
					? whole(v) : kind === "s" ? share(v)
					: v === null ? "" : String(v));
			}
			tr.append(td);
		}
		body.append(tr);
	}
	return el("div", { class: "scroll" },
		el("table", null, el("thead", null, head), body));
}

function show(id, rows, columns, withheld) {
	const place = $(id);

	place.replaceChildren(rows.length ? table(rows, columns)
		: el("p", { class: "dim" }, "nothing"));
	if (withheld)
		place.append(el("p", { class: "dim" }, withheld +
			" more withheld: too few clients are behind them"));
}

const top_columns = (key, title, format) => [
	[key, title, "t", "", format],
	["hits", "hits", "n"],
	["share", "share", "s"],
	["clients", "clients", "n", "w"],
];

const NAME_COLUMNS = [
	["name", "name", "t", "x"],
	["hits", "hits", "n"],
	["share", "share", "s", "w"],
	["clients", "clients", "n"],
	["category", "category", "t", "w"],
	["severity", "severity", "t", "w"],
	["feeds", "feeds", "t", "x w"],
];

const FEED_COLUMNS = [
	["feed", "feed", "t"],
	["hits", "hits", "n"],
	["share", "share", "s"],
	["unique", "it alone", "n"],
	["clients", "clients", "n", "w"],
];

const LEAD_COLUMNS = [
	["feed", "feed", "t"],
	["names", "lists of them", "n"],
	["alone", "it alone", "n", "w"],
	["first", "first", "n"],
	["same_day", "same day", "n", "w"],
	["later", "later", "n"],
	["lead_days", "days ahead", "n", "", v => v === null ? "–" :
		v.toFixed(1)],
];

const HOST_COLUMNS = [
	["host", "host", "t"],
	["seen", "last seen", "t", "", moment],
	["serial", "serial", "n"],
	["created", "list of", "t", "w", moment],
	["entries", "entries", "n", "w"],
	["answered", "answered", "n"],
	["blocked", "blocked", "n"],
	["leaked", "leaked", "n", "w"],
	["dropped", "dropped", "n", "w"],
];

function matrix(rows) {
	const feeds = [...new Set(rows.flatMap(r => [r.feed, r.other]))].sort();
	const at = new Map(rows.map(r => [r.feed + "\n" + r.other, r.share]));
	const head = el("tr", null, el("th", null, "of"));
	const body = el("tbody");

	for (const f of feeds)
		head.append(el("th", null, f));
	for (const f of feeds) {
		const tr = el("tr", null, el("th", null, f));

		for (const g of feeds) {
			const v = at.get(f + "\n" + g);
			const td = el("td", null, f === g ? "" :
				v === undefined ? "–" : share(v));

			if (v)
				td.style.background = "color-mix(in srgb, " +
					"var(--c0) " + Math.round(55 * v) +
					"%, transparent)";
			tr.append(td);
		}
		body.append(tr);
	}
	$("overlap").replaceChildren(rows.length
		? el("div", { class: "scroll" }, el("table", { class: "matrix" },
			el("thead", null, head), body))
		: el("p", { class: "dim" }, "feeds have nothing in common"));
}

// ---- the course ----

function round_up(most) {
	if (most <= 10)
		return 2 * Math.ceil(Math.max(most, 1) / 2);
	const ten = 10 ** Math.floor(Math.log10(most));

	return ten * [1, 1.2, 1.6, 2, 3, 4, 5, 6, 8, 10]
		.find(s => s * ten >= most);
}

// Times of the answer, with zeroes where it has no row.
function times(answer) {
	const end = Math.min(Date.parse(answer.to), Date.parse(answer.now) + 1);
	const all = [];

	for (let t = Date.parse(answer.from); t < end; t += answer.step * 1000)
		all.push(t);
	return all;
}

function course(answer, by) {
	const all = times(answer), sums = new Map();
	const keys = by ? [] : [""];

	for (const r of answer.series) {
		const k = by ? r[by] : "", t = Date.parse(r.time);

		if (!keys.includes(k))
			keys.push(k);
		sums.set(t + "\n" + k, (sums.get(t + "\n" + k) || 0) + r.hits);
	}
	const value = (t, k) => sums.get(t + "\n" + k) || 0;
	const most = Math.max(1, ...all.map(t =>
		keys.reduce((n, k) => n + value(t, k), 0)));
	const full = round_up(most), n = Math.max(all.length, 7);
	const svg = el("svg", { viewBox: `0 0 ${10 * n} 100`, role: "img",
		preserveAspectRatio: "none",
		"aria-label": "hits by time" });

	for (const y of [0, 50, 100])
		svg.append(el("line", { class: "grid", x1: 0, x2: 10 * n,
			y1: y, y2: y }));
	all.forEach((t, i) => {
		let y = 100;

		keys.forEach((k, j) => {
			const v = value(t, k), h = 100 * v / full;

			if (v === 0)
				return;
			y -= h;
			const r = el("rect", { x: 10 * i + .7, y, width: 8.6,
				height: h }, el("title", null,
				moment(new Date(t).toISOString()) +
				(k ? ", " + k : "") + ": " + whole(v)));

			r.style.fill = `var(--c${j % COLOURS})`;
			svg.append(r);
		});
	});
	const label = t => {
		const text = moment(new Date(t).toISOString());

		return answer.step < 86400 ? text : text.slice(0, 10);
	};
	const chart = el("div", { class: "chart" },
		el("div", { class: "scale" }, ...[full, full / 2, 0].map(v =>
			el("span", null, whole(v)))), svg,
		el("div", { class: "ends" },
			el("span", null, all.length ? label(all[0]) : ""),
			el("span", null, all.length >= 7 ?
				label(all[all.length - 1]) + " UTC" : "UTC")));
	const legend = el("div", { class: "legend" });

	if (by)
		keys.forEach((k, j) => {
			const box = el("i");

			box.style.background = `var(--c${j % COLOURS})`;
			legend.append(el("span", null, box, by === "country" ?
				country(k) : k));
		});
	$("course").replaceChildren(chart, legend);
}

// ---- the whole ----

function tile(title, value, more) {
	$("tiles").append(el("div", { class: "tile" }, title,
		el("b", null, value), more || ""));
}

function tiles(names, hosts) {
	$("tiles").replaceChildren();
	tile($("would").value ? "only counted" : "blocked", whole(names.hits));
	tile(names.clients_are === "client-days" ? "client-days" : "clients",
		whole(names.clients), "about");
	if (!hosts || hosts.hosts.length === 0)
		return;
	const sum = key => hosts.hosts.reduce((n, h) => n + h[key], 0);
	const newest = hosts.hosts.reduce((a, b) =>
		(a.serial || 0) >= (b.serial || 0) ? a : b);

	tile("of all answers", sum("answered") ? share(sum("blocked") /
		sum("answered")) : "–", whole(sum("answered")) + " answered");
	if (newest.created)
		tile("the list is", span((Date.parse(hosts.now) -
			Date.parse(newest.created)) / 1000) + " old",
			whole(newest.entries) + " entries, serial " +
			newest.serial);
	tile("leaked, dropped", whole(sum("leaked")) + ", " +
		whole(sum("dropped")), "from the cache; events");
}

function notes(answers) {
	const all = [...new Set(answers.flatMap(a => a.notes))];

	if (answers.some(a => a.clients_are === "client-days"))
		all.push("clients are client-days: who came on several days " +
			"counts for each of them");
	$("notes-panel").hidden = all.length === 0;
	$("notes").replaceChildren(...all.map(n => el("li", null, n)));
}

async function refresh() {
	const mine = ++round, operator = role === "operator";
	const top = what => ask("top/" + what, parameters({ limit: ROWS }));
	const by = $("by").value, p = parameters({});

	clearTimeout(timer);
	try {
		const [n, c, g, k, f, s] = await Promise.all([
			top("names"), top("categories"), top("groups"),
			top("countries"), ask("feeds", parameters({})),
			ask("series", by ? parameters({ by, limit: COLOURS }) :
				p)]);
		const [h, w, a] = operator ? await Promise.all([
			ask("hosts", { since: p.since }), top("networks"),
			top("actions")]) : [null, null, null];

		if (mine !== round)
			return; // another one has been asked for meanwhile
		tiles(n, h);
		course(s, by);
		show("names", n.names, NAME_COLUMNS, n.withheld.names);
		show("feeds", f.feeds, FEED_COLUMNS.filter(x => operator ||
			x[0] !== "unique"), f.withheld.feeds);
		show("categories", c.categories,
			top_columns("category", "category"),
			c.withheld.categories);
		show("groups", g.groups, top_columns("group", "group"),
			g.withheld.groups);
		show("countries", k.countries,
			top_columns("country", "country", country),
			k.withheld.countries);
		$("lead-panel").hidden = !f.lead || f.lead.length === 0;
		if (f.lead)
			show("lead", f.lead, LEAD_COLUMNS);
		if (operator) {
			matrix(f.overlap);
			show("hosts", h.hosts, HOST_COLUMNS);
			show("actions", a.actions,
				top_columns("action", "answer").slice(0, 3));
			show("networks", w.networks, [
				["network", "network", "t"],
				["organisation", "organisation", "t", "x"],
				["hits", "hits", "n"],
				["share", "share", "s", "w"]]);
		}
		notes([n, c, g, k, f, s]);
		$("foot").textContent = moment(n.from) + " to " +
			moment(n.to < n.now ? n.to : n.now) + " UTC, as " +
			role;
		problem("");
	} catch (e) {
		if (e instanceof Refused)
			return leave(e.message);
		problem("Cannot ask: " + e.message);
	}
	if (mine === round)
		timer = setTimeout(refresh, REFRESH);
}

function problem(text) {
	$("problem").textContent = text;
	$("problem").hidden = !text;
}

async function look_up(event) {
	event.preventDefault();
	const name = $("name").value.trim();

	if (!name)
		return;
	try {
		const a = await ask("name/" + encodeURIComponent(name));
		const place = $("name-answer");

		place.replaceChildren();
		if (a.name.length === 0)
			place.append(el("p", { class: "dim" },
				"no hits that are known"));
		else
			place.append(table(a.name, [
				["first", "first", "t"], ["last", "last", "t"],
				["hits", "blocked", "n"],
				["clients", "clients", "n"],
				["category", "category", "t", "w"]]));
		if (a.lists.length)
			place.append(table(a.lists, [
				["feed", "listed by", "t"],
				["since", "since", "t"]]));
	} catch (e) {
		$("name-answer").replaceChildren(
			el("p", { class: "problem" }, e.message));
	}
}

async function save_report(event) {
	event.preventDefault();
	const month = $("month").value;

	try {
		const answer = await get("report", month ?
			{ month, format: "html" } : { format: "html" });
		const url = URL.createObjectURL(await answer.blob());
		const a = el("a", { href: url, download: "fraudsink-" +
			(month || "report") + ".html" });

		a.click();
		setTimeout(() => URL.revokeObjectURL(url), 10000);
	} catch (e) {
		problem("No report: " + e.message);
	}
}

// ---- signing in ----

function leave(why) {
	clearTimeout(timer);
	round++;
	sessionStorage.removeItem(KEY);
	$("main").hidden = true;
	$("leave").hidden = true;
	$("login-problem").textContent = why || "";
	if (!$("login").open)
		$("login").showModal();
}

async function enter() {
	try {
		role = (await ask("about")).role;
	} catch (e) {
		return leave(e.message);
	}
	for (const e of document.querySelectorAll("[data-operator]"))
		e.hidden = role !== "operator";
	$("main").hidden = false;
	$("leave").hidden = false;
	refresh();
}

$("login-form").addEventListener("submit", () => {
	sessionStorage.setItem(KEY, $("token").value.trim());
	$("token").value = "";
	enter();
});
$("login").addEventListener("cancel", e => e.preventDefault());
$("leave").addEventListener("click", () => leave(""));
for (const id of ["since", "would", "by"])
	$(id).addEventListener("change", refresh);
$("name-form").addEventListener("submit", look_up);
$("report-form").addEventListener("submit", save_report);
$("controls").addEventListener("submit", e => e.preventDefault());
if (sessionStorage.getItem(KEY))
	enter();
else
	leave("");
