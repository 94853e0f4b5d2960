"""Outside oracles: LiteRT runs what we wrote, ONNX Runtime runs what we were given.

Nothing here is part of the product. It exists because our own verifier shares our importer and is
therefore blind to an error of the import.
"""
