"use strict";
// Sorting: a click on a column's button; numbers by value, what has none last.
function key(cell) {
  const text = cell.textContent.trim();
  const number = parseFloat(text.replace(/^[<>]\s*/, "").replace(/,/g, ""));
  return { text, number };
}
function sort(button) {
  const head = button.closest("th"), table = head.closest("table"), body = table.tBodies[0];
  const column = [...head.parentNode.children].indexOf(head);
  const up = head.classList.contains("n")
    ? head.getAttribute("aria-sort") === "descending"
    : head.getAttribute("aria-sort") !== "ascending";
  for (const other of head.parentNode.children) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", up ? "ascending" : "descending");
  const numeric = head.classList.contains("n"), sign = up ? 1 : -1;
  const rows = [...body.rows].map(row => ({ row, key: key(row.cells[column]) }));
  rows.sort((a, b) => {
    if (!numeric) return sign * a.key.text.localeCompare(b.key.text);
    const x = a.key.number, y = b.key.number;
    if (isNaN(x) || isNaN(y)) return isNaN(x) - isNaN(y);
    return sign * (x - y);
  });
  for (const { row } of rows) body.append(row);
}
// Cells with more to say: by pointer, touch, or arrow keys from the first cell on.
function tell(cell) {
  const place = cell.closest(".block").querySelector(".detail");
  if (place) place.textContent = cell.title;
}
function said(event) {
  const cell = event.target.closest && event.target.closest("table.cells td[title]");
  if (cell) tell(cell);
}
for (const kind of ["mouseover", "click", "focusin"]) document.addEventListener(kind, said);
document.addEventListener("click", event => {
  const button = event.target.closest("th button");
  if (button) sort(button);
});
for (const table of document.querySelectorAll("table.cells")) {
  const first = table.querySelector("tbody td[title]");
  if (first) first.tabIndex = 0;
}
const MOVES = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
document.addEventListener("keydown", event => {
  const cell = event.target.closest && event.target.closest("table.cells td[title]");
  if (!cell || !MOVES[event.key]) return;
  const [down, right] = MOVES[event.key], row = cell.parentNode, rows = row.parentNode.rows;
  const line = rows[[...rows].indexOf(row) + down];
  const next = line && line.cells[cell.cellIndex + right];
  if (!next || !next.title) return;
  event.preventDefault();
  cell.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
});
// A link to a folded section unfolds it.
function unfold() {
  const place = location.hash && document.getElementById(location.hash.slice(1));
  const folded = place && place.querySelector("details.part");
  if (folded) folded.open = true;
}
addEventListener("hashchange", unfold);
unfold();
// What is wider than the screen fades at its edge until it is scrolled to the end.
function mark(box) {
  box.classList.toggle("more", box.scrollLeft + box.clientWidth < box.scrollWidth - 4);
}
const sizes = new ResizeObserver(found => found.forEach(one => mark(one.target)));
for (const box of document.querySelectorAll(".scroll")) {
  sizes.observe(box);
  box.addEventListener("scroll", () => mark(box), { passive: true });
}
// On paper nothing can be unfolded.
addEventListener("beforeprint", () => {
  for (const folded of document.querySelectorAll("details")) folded.open = true;
});
