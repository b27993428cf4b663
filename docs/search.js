/* How the search weighs what it finds: as Sphinx does, but for the pages that hold
   every name of a module, which contain any word. */
var Scorer = {
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
  score: ([page, , , , score, , kind]) =>
    kind === "text" && /^reference\/(event|info|pysctp|sctp|sctp-module)$/.test(page)
      ? score - 4
      : score,
};
