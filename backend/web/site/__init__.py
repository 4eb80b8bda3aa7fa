"""Parts that all pages share: rendering, forms, navigation, charts."""
