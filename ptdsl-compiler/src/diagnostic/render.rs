//! The only use of the renderer.
