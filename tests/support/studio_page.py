"""The studio's editor as a person uses it, for the browser tests."""

from playwright.sync_api import Locator, Page, expect

HTML, SUBJECT, TEXT = "HTML", "Subject", "Text"


class StudioPage:
    """One open editor."""

    def __init__(self, page: Page) -> None:
        self.page = page

    @property
    def state(self) -> Locator:
        """The line that says whether the draft is saved."""
        return self.page.locator("[data-studio=state]")

    @property
    def stale(self) -> Locator:
        """What is said above a preview that is older than the text."""
        return self.page.locator("[data-studio=stale]")

    @property
    def frame(self) -> Locator:
        """The preview's frame that is seen; its `srcdoc` is the mail."""
        return self.page.locator("iframe[data-current=true]")

    @property
    def problems(self) -> Locator:
        """The entries of the list of problems."""
        return self.page.locator("[data-studio=problems] li")

    @property
    def dialog(self) -> Locator:
        """The dialog in front."""
        return self.page.locator("dialog[open]").last

    def wait_until_open(self) -> None:
        """Wait for the texts and the first preview."""
        expect(self.page.locator(".cm-content:visible")).to_be_visible()
        expect(self.frame).to_have_count(1)

    def choose(self, part: str) -> None:
        """Open a part's tab."""
        self.page.get_by_role("tab", name=part).click()

    def line(self, text: str) -> Locator:
        """The first line of the shown editor that holds a text."""
        return self.page.locator(".cm-content:visible .cm-line", has_text=text).first

    def rewrite(self, old: str, new: str) -> None:
        """Replace the first occurrence of a text in the shown part, by the editor's search."""
        self.page.locator(".cm-content:visible").click()
        self.page.keyboard.press("ControlOrMeta+Home")
        self.page.keyboard.press("ControlOrMeta+f")
        search = self.page.locator(".cm-search")
        search.locator("input[name=search]").fill(old)
        search.locator("input[name=replace]").fill(new)
        search.locator("button[name=next]").click()
        search.locator("button[name=replace]").click()
        search.locator("button[name=close]").click()

    def append_line(self, text: str) -> None:
        """Write a new last line; `text` goes in as if it were pasted."""
        self.page.locator(".cm-content:visible").click()
        self.page.keyboard.press("ControlOrMeta+End")
        self.page.keyboard.insert_text(f"\n{text}")

    def saved(self) -> None:
        """Wait until the draft has saved itself."""
        expect(self.state).to_contain_text("Draft saved")

    def shows(self, text: str) -> None:
        """Wait until the preview shows a text."""
        expect(self.frame.and_(self.page.locator(f'[srcdoc*="{text}"]'))).to_have_count(1)

    def notice(self, text: str) -> None:
        """Wait for what is said in the corner."""
        expect(self.page.locator("[data-studio=notices]")).to_contain_text(text)

    def press(self, name: str) -> None:
        """Press a button of the page, or of the dialog in front where there is one."""
        scope = self.dialog if self.page.locator("dialog[open]").count() else self.page
        scope.get_by_role("button", name=name).first.click()
