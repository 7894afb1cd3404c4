//! HTML as a parser of the standard sees it.

use html5ever::tendril::TendrilSink;
use html5ever::{ParseOpts, parse_document};
use markup5ever_rcdom::{Handle, NodeData, RcDom};

/// A page.
pub(crate) struct Page {
    /// All elements, in the order of the document.
    pub elements: Vec<Element>,
    /// What the parser had to mend.
    pub errors: Vec<String>,
}

/// An element.
#[derive(Debug, Clone)]
pub(crate) struct Element {
    pub name: String,
    pub attributes: Vec<(String, String)>,
    /// The text in it, of its children too.
    pub text: String,
}

impl Page {
    pub(crate) fn parse(html: &str) -> Self {
        let dom = parse_document(RcDom::default(), ParseOpts::default()).one(html);
        let mut elements = Vec::new();
        walk(&dom.document, &mut elements);
        let errors = dom.errors.borrow().iter().map(ToString::to_string).collect();
        Self { elements, errors }
    }

    /// Elements of that name.
    pub(crate) fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.elements.iter().filter(move |element| element.name == name)
    }

    /// Elements of that class.
    pub(crate) fn of_class<'a>(&'a self, class: &'a str) -> impl Iterator<Item = &'a Element> {
        self.elements.iter().filter(move |element| element.has_class(class))
    }

    /// The text of the first element of that name.
    pub(crate) fn text_of(&self, name: &str) -> &str {
        let found = self.elements.iter().find(|element| element.name == name);
        found.map(|element| element.text.as_str()).unwrap_or_default()
    }
}

impl Element {
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn has_class(&self, class: &str) -> bool {
        self.attribute("class").is_some_and(|classes| classes.split(' ').any(|one| one == class))
    }
}

fn walk(node: &Handle, elements: &mut Vec<Element>) {
    if let NodeData::Element { name, attrs, .. } = &node.data {
        let attributes = attrs.borrow();
        let attributes = attributes
            .iter()
            .map(|attribute| (attribute.name.local.to_string(), attribute.value.to_string()));
        let attributes = attributes.collect();
        elements.push(Element { name: name.local.to_string(), attributes, text: text(node) });
    }
    node.children.borrow().iter().for_each(|child| walk(child, elements));
}

fn text(node: &Handle) -> String {
    match &node.data {
        NodeData::Text { contents } => contents.borrow().to_string(),
        _ => node.children.borrow().iter().map(text).collect(),
    }
}

/// Scenario: a page with a wrong end tag.
/// Guarantees: the parser tells, and the elements are there.
#[test]
fn the_parser_is_strict() {
    let page = Page::parse("<!DOCTYPE html><title>t</title><p class='a b' id=x>one<b>two</b></i>");
    assert_eq!((page.text_of("title"), page.text_of("p")), ("t", "onetwo"));
    assert_eq!(page.of_class("b").count(), 1);
    assert_eq!(page.errors.len(), 1, "{:?}", page.errors);
}
