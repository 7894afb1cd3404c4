//! From the tree of a template to its program.
//!
//! Owns which trees can be compiled. What cannot (texts of several parts, elements
//! inside values, sections that are hardly ever used) is left to the general way,
//! with the same result.

use super::builder::{Context, is, join};
use super::output::Member;
use super::program::{Name, Op, Program, Source, What};
use super::token::INDEPENDENT;
use super::tree::{Node, Span, Tree};

/// Compiles the tree of a template that is used there, if it can be. Joined names are
/// added to the tree's bytes.
pub(super) fn compile(tree: &mut Tree, context: Context) -> Option<Program> {
    let mut compiler = Compiler { tree, program: Program::default() };
    let root = compiler.element(0)?;
    match context {
        Context::Record => compiler.event(root)?,
        Context::Event => compiler.section(root)?,
        Context::UserData => compiler.schema(root)?,
    }
    Some(compiler.program)
}

/// An element of the tree.
#[derive(Debug, Clone, Copy)]
struct Element {
    name: Span,
    dependency: u16,
    /// Its attributes stand in `attributes..content`, the rest in `content..end`.
    attributes: u32,
    content: u32,
    end: u32,
    is_empty_tag: bool,
}

/// `None` says: this is for the general way.
struct Compiler<'t> {
    tree: &'t mut Tree,
    program: Program,
}

impl Compiler<'_> {
    fn element(&self, index: usize) -> Option<Element> {
        match self.tree.node(index)? {
            Node::Element { name, dependency, content, end, is_empty_tag } => {
                let attributes = index as u32 + 1;
                Some(Element { name, dependency, attributes, content, end, is_empty_tag })
            }
            _ => None,
        }
    }

    fn name(&self, span: Span) -> &[u8] {
        span.of(&self.tree.bytes)
    }

    fn push(&mut self, dependency: u16, what: What) {
        self.program.ops.push(Op { dependency, what });
    }

    /// The nodes side by side inside an element.
    fn content(&self, element: Element) -> Vec<(usize, Node)> {
        self.tree.siblings(element.content, element.end).collect()
    }

    /// Compiles an element whose steps all depend on one value.
    fn group(
        &mut self,
        element: Element,
        compile: impl FnOnce(&mut Self, Element) -> Option<()>,
    ) -> Option<()> {
        if element.dependency == INDEPENDENT {
            return compile(self, element);
        }
        let at = self.program.ops.len();
        self.push(element.dependency, What::Group(0));
        compile(self, element)?;
        let length = self.program.ops.len() - at - 1;
        self.program.ops.get_mut(at)?.what = What::Group(length as u32);
        Some(())
    }

    fn event(&mut self, root: Element) -> Option<()> {
        if self.name(root.name) != b"Event" || root.is_empty_tag {
            return None;
        }
        self.mere_texts(root, &[])?;
        for (index, node) in self.content(root) {
            match node {
                Node::Text(_) => {}
                Node::Value(id) => {
                    self.push(INDEPENDENT, What::Nested { id, context: Context::Event });
                }
                Node::Element { .. } => {
                    let element = self.element(index)?;
                    self.group(element, Self::section)?;
                }
                Node::Attribute { .. } | Node::Fragment { .. } => return None,
            }
        }
        Some(())
    }

    fn section(&mut self, section: Element) -> Option<()> {
        self.mere_texts(section, &[])?;
        match self.name(section.name) {
            b"System" => self.leaves(section, Self::system),
            b"EventData" => self.leaves(section, Self::data),
            b"UserData" => self.user_data(section),
            _ => None,
        }
    }

    /// A section whose elements have no elements inside.
    fn leaves(
        &mut self,
        section: Element,
        compile: fn(&mut Self, Element) -> Option<()>,
    ) -> Option<()> {
        for (index, node) in self.content(section) {
            match node {
                Node::Text(_) => {}
                Node::Element { .. } => {
                    let element = self.element(index)?;
                    if self.name(element.name) == b"Event" {
                        return None;
                    }
                    compile(self, element)?;
                }
                _ => return None,
            }
        }
        Some(())
    }

    fn system(&mut self, element: Element) -> Option<()> {
        let member = Member::of(self.name(element.name));
        let text = self.text(element)?;
        self.mere_texts(element, member.attributes())?;
        if let (false, Source::Value(id)) = (member.has_text(), text) {
            self.push(element.dependency, What::Text(id));
        }
        let key = match member {
            Member::Provider => {
                let name = self.attribute(element, "Name")?;
                let otherwise = self.attribute(element, "EventSourceName")?;
                What::Provider { name, otherwise }
            }
            Member::TimeCreated => What::Time(self.attribute(element, "SystemTime")?),
            Member::EventId => What::EventId(text),
            Member::Channel => What::Channel(text),
            Member::Computer => What::Computer(text),
            Member::Other => What::Envelope { name: element.name, text },
            Member::Execution | Member::Correlation | Member::Security => What::Group(0),
        };
        self.push(element.dependency, key);
        for (attribute, name) in member.envelope() {
            let text = self.attribute(element, attribute)?;
            if text != Source::Nothing {
                self.push(element.dependency, What::Attribute { name, text });
            }
        }
        Some(())
    }

    fn data(&mut self, element: Element) -> Option<()> {
        let name = match self.attribute(element, "Name")? {
            Source::Nothing => Name::Fixed(element.name),
            Source::Literal(span) => Name::Fixed(span),
            Source::Value(id) => Name::Value { id, otherwise: element.name },
        };
        let text = self.text(element)?;
        self.mere_texts(element, &["Name"])?;
        self.push(element.dependency, What::Field { name, text });
        Some(())
    }

    fn user_data(&mut self, section: Element) -> Option<()> {
        for (index, node) in self.content(section) {
            match node {
                Node::Text(_) => {}
                Node::Value(id) => {
                    self.push(INDEPENDENT, What::Nested { id, context: Context::UserData });
                }
                Node::Element { .. } => {
                    let element = self.element(index)?;
                    self.group(element, Self::schema)?;
                }
                Node::Attribute { .. } | Node::Fragment { .. } => return None,
            }
        }
        Some(())
    }

    /// The element of user data that names the schema, and no field.
    fn schema(&mut self, element: Element) -> Option<()> {
        self.nested(element, &mut Vec::new())
    }

    /// What stands in an element of user data; `path` has the names down to it.
    fn nested(&mut self, element: Element, path: &mut Vec<Span>) -> Option<()> {
        if self.name(element.name) == b"Event" {
            return None;
        }
        self.mere_texts(element, self.step_attributes(element, path))?;
        let content = self.content(element);
        let mut optional_children = true;
        for (index, node) in content {
            match node {
                Node::Text(_) => {}
                // Only the schema's element may have a text beside its elements.
                Node::Value(id) if path.is_empty() => self.push(INDEPENDENT, What::Text(id)),
                Node::Element { .. } => {
                    let child = self.element(index)?;
                    optional_children &= child.dependency != INDEPENDENT;
                    self.nested_child(child, path)?;
                }
                _ => return None,
            }
        }
        // With all of its elements left out, an element is a field of its own.
        (path.is_empty() || !optional_children).then_some(())
    }

    fn nested_child(&mut self, child: Element, path: &mut Vec<Span>) -> Option<()> {
        let has_elements =
            self.content(child).iter().any(|(_, node)| matches!(node, Node::Element { .. }));
        let name = self.step_name(child)?;
        path.push(name);
        if has_elements {
            self.group(child, |compiler, child| compiler.nested(child, path))?;
        } else {
            self.nested_leaf(child, path)?;
        }
        path.pop();
        Some(())
    }

    fn nested_leaf(&mut self, leaf: Element, path: &[Span]) -> Option<()> {
        if self.name(leaf.name) == b"Event" {
            return None;
        }
        self.mere_texts(leaf, self.step_attributes(leaf, path))?;
        let text = self.text(leaf)?;
        let name = match path {
            [name] => *name,
            _ => self.joined(path)?,
        };
        self.push(leaf.dependency, What::Field { name: Name::Fixed(name), text });
        Some(())
    }

    /// `Outer/Inner`
    fn joined(&mut self, path: &[Span]) -> Option<Span> {
        let mut name = Vec::new();
        let parts = path.iter().map(|span| span.of(&self.tree.bytes));
        join(parts, |part| name.extend_from_slice(part))?;
        Some(self.tree.keep(|bytes| bytes.extend_from_slice(&name)))
    }

    /// The attributes that count for a name in the path.
    fn step_attributes(&self, element: Element, path: &[Span]) -> &'static [&'static str] {
        let is_data = !path.is_empty() && self.name(element.name) == b"Data";
        if is_data { &["Name"] } else { &[] }
    }

    fn step_name(&self, element: Element) -> Option<Span> {
        if self.name(element.name) != b"Data" {
            return Some(element.name);
        }
        match self.attribute(element, "Name")? {
            Source::Nothing => Some(element.name),
            Source::Literal(span) => Some(span),
            Source::Value(_) => None,
        }
    }

    /// The values in attributes that do not count. They give nothing, unless one is
    /// an array: that repeats the element.
    fn mere_texts(&mut self, element: Element, counted: &[&str]) -> Option<()> {
        let attributes: Vec<_> = self.tree.siblings(element.attributes, element.content).collect();
        for (index, node) in attributes {
            let Node::Attribute { name, end } = node else { return None };
            if counted.iter().any(|known| is(name.of(&self.tree.bytes), known)) {
                continue;
            }
            for part in index + 1..end as usize {
                if let Node::Value(id) = self.tree.node(part)? {
                    self.push(element.dependency, What::Text(id));
                }
            }
        }
        Some(())
    }

    /// The value of an attribute. Of two with one name, the first one that is not
    /// empty counts, and which one that is may depend on the values.
    fn attribute(&self, element: Element, name: &str) -> Option<Source> {
        let mut found = Source::Nothing;
        for (index, node) in self.tree.siblings(element.attributes, element.content) {
            let Node::Attribute { name: span, end } = node else { return None };
            if !is(span.of(&self.tree.bytes), name) {
                continue;
            }
            let source = self.source(index as u32 + 1, end)?;
            match (found, source) {
                (Source::Nothing, source) => found = source,
                (Source::Literal(_), Source::Nothing | Source::Literal(_)) => {}
                _ => return None,
            }
        }
        Some(found)
    }

    /// What stands inside an element without elements.
    fn text(&self, element: Element) -> Option<Source> {
        self.source(element.content, element.end)
    }

    /// A text of one part.
    fn source(&self, from: u32, to: u32) -> Option<Source> {
        let mut parts = self.tree.nodes.get(from as usize..to as usize)?.iter();
        let source = match parts.next() {
            None => Source::Nothing,
            Some(Node::Text(span)) if span.is_empty() => Source::Nothing,
            Some(Node::Text(span)) => Source::Literal(*span),
            Some(Node::Value(id)) => Source::Value(*id),
            Some(_) => return None,
        };
        parts.next().is_none().then_some(source)
    }
}
