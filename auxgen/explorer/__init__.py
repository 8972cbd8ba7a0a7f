"""The explorer: one model in the browser, to play with and to show.

What a page says and shows are pure functions, in strings of HTML; Gradio is imported by `page`,
`picture_tabs`, `row_tabs` and `serving` alone, which the command imports when it is carried out.
"""
