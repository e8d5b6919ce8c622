type Child = Node | string | undefined | false;
type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** Makes an element. Texts become text, whatever they hold: nothing here ever reads markup. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children.filter((child): child is Node | string => child !== undefined && child !== false));
  return made;
}

/** A number that no other call has answered, for ids. */
export const nextId = (() => {
  let last = 0;
  return () => `id-${++last}`;
})();

/** A switch that is pressed or not. */
export function toggle(label: string, isOn: boolean, onChange: (isOn: boolean) => void): HTMLLabelElement {
  const box = element("input", { type: "checkbox", checked: isOn });
  box.addEventListener("change", () => onChange(box.checked));
  return element("label", { class: "toggle" }, box, element("span", {}, label));
}

/** A section of the page under a heading. */
export function section(id: string, title: string, ...children: readonly Child[]): HTMLElement {
  return element(
    "section",
    { id, "aria-labelledby": `${id}-title` },
    element("h2", { id: `${id}-title` }, title),
    ...children,
  );
}

/** Calls `work` when nothing has happened for a while. */
export function afterPause(ms: number, work: () => void): () => void {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = window.setTimeout(work, ms);
  };
}
