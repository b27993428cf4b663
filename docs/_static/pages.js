/* Buttons that copy code; for narrow screens the contents of long pages, and the
   heads of wide tables in each cell. */
"use strict";

/* What is typed, in blocks that also show what is printed. */
const TYPED = { pycon: /^>>> .*(?:\n\.\.\..*)*/gm, console: /^[$#] .*/gm };
const PROMPT = /^(?:>>> |\.\.\. ?|[$#] )/gm;

function typed(block) {
  const text = block.querySelector("pre").textContent;
  for (const [language, pattern] of Object.entries(TYPED)) {
    if (block.matches(`.highlight-${language}`)) {
      /* The interpreter wants an empty line after the last one of a block. */
      return text
        .match(pattern)
        .map((entry) => entry.replace(PROMPT, "") + (entry.includes("\n") ? "\n\n" : "\n"))
        .join("");
    }
  }
  return text;
}

function copy(text) {
  /* navigator.clipboard is missing where the page came by plain HTTP. */
  const put = (event) => {
    event.clipboardData.setData("text/plain", text);
    event.preventDefault();
  };
  document.addEventListener("copy", put);
  const copied = document.execCommand("copy");
  document.removeEventListener("copy", put);
  return copied;
}

function addCopyButton(block) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  button.setAttribute("aria-live", "polite");
  button.addEventListener("click", () => {
    button.textContent = copy(typed(block)) ? "Copied" : "Not copied";
    setTimeout(() => (button.textContent = "Copy"), 2000);
  });
  block.append(button);
}

/* The theme shows the contents of a page beside it, on wide screens only. */
function addContents(article) {
  const sections = document.querySelector(".toc-tree > ul > li > ul");
  if (!sections || sections.children.length < 3) {
    return;
  }
  const contents = document.createElement("details");
  contents.className = "on-this-page";
  contents.open = true;
  contents.innerHTML = "<summary>On this page</summary>";
  contents.append(sections.cloneNode(true));
  article.querySelector("h1").after(contents);
}

/* pages.css shows a row as a block; many columns are numbers, which stay a table. */
function stack(table) {
  const heads = [...table.querySelectorAll("thead th")].map((head) => head.textContent);
  if (table.offsetWidth <= table.parentElement.clientWidth || heads.length > 5) {
    return;
  }
  table.classList.add("stacked");
  for (const row of heads.length > 2 ? table.tBodies[0].rows : []) {
    [...row.cells].slice(1).forEach((cell, place) => {
      cell.dataset.head = heads[place + 1].trim();
    });
  }
}

document.querySelectorAll("div[class*=highlight-]").forEach(addCopyButton);
document.querySelectorAll("article").forEach(addContents);
document.querySelectorAll("table.docutils:not(.from-sources)").forEach(stack);
