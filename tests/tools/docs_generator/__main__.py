"""Write the generated parts of every page."""

from tests.tools.docs_generator.pages import DOCS, PARTS, generated

for page in PARTS:
    (DOCS / page).write_text(generated(page), encoding="utf-8")
    print(f"docs/{page}")
