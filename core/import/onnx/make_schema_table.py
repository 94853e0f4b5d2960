"""Prints schema_data.inc from the schemas of the installed onnx and onnxruntime packages.

    python core/import/onnx/make_schema_table.py > core/import/onnx/schema_data.inc

ONNX's own operators come from onnx. ONNX Runtime's come from onnxruntime: its domain, and what its
optimizer writes into the default domain. Run it when ONNX defines a new opset; review every new
version before a rule covers it.
"""

import onnx
import onnxruntime
from onnx import defs
from onnxruntime.capi.onnxruntime_pybind11_state import get_all_operator_schema

DTYPES = {
    "float": 0, "float16": 1, "int32": 2, "uint8": 3, "int64": 4, "string": 5, "bool": 6,
    "int16": 7, "complex64": 8, "int8": 9, "double": 10, "complex128": 11, "uint64": 12,
    "uint32": 15, "uint16": 16, "int4": 17, "bfloat16": 18, "int2": 19, "uint4": 20,
    "float8e4m3fn": 21, "float8e5m2": 22,
}
KINDS = {
    "FLOAT": "kFloat", "INT": "kInt", "STRING": "kString", "TENSOR": "kTensor", "GRAPH": "kGraph",
    "FLOATS": "kFloats", "INTS": "kInts", "STRINGS": "kStrings", "TENSORS": "kTensors",
    "GRAPHS": "kGraphs", "SPARSE_TENSOR": "kSparseTensor", "SPARSE_TENSORS": "kSparseTensors",
    "TYPE_PROTO": "kTypeProto", "TYPE_PROTOS": "kTypeProtos",
}
ANY = 2147483647
CONTRIB_DOMAIN = "com.microsoft"
# Operators that ONNX Runtime defines under the default domain: (name, version).
CONTRIB_IN_DEFAULT = {("LayerNormalization", 1), ("SimplifiedLayerNormalization", 1)}


def type_mask(names):
    mask = 0
    for name in names:
        if name.startswith("tensor(") and name[7:-1] in DTYPES:
            mask |= 1 << DTYPES[name[7:-1]]
    return mask


def operand_rows(schema):
    constraints = {c.type_param_str: list(c.allowed_type_strs) for c in schema.type_constraints}
    groups = {}
    rows = []
    for operand in schema.inputs:
        # The two packages spell these fields differently.
        variable = getattr(operand, "type_str", None) or operand.typeStr
        homogeneous = getattr(operand, "is_homogeneous", None)
        if homogeneous is None:
            homogeneous = operand.isHomogeneous
        names = constraints.get(variable, [variable])
        option = int(operand.option.value)
        group = 0
        if variable in constraints and (option != 2 or homogeneous):
            group = groups.setdefault(variable, len(groups) + 1)
        rows.append((type_mask(names), option, group))
    return tuple(rows)


def attribute_rows(schema):
    return tuple((name, KINDS[a.type.name], bool(a.required))
                 for name, a in sorted(schema.attributes.items()))


class Pool:
    """Rows in one array; equal runs are stored once."""

    def __init__(self):
        self.rows, self.starts = [], {}

    def add(self, rows):
        if rows not in self.starts:
            self.starts[rows] = len(self.rows)
            self.rows.extend(rows)
        return self.starts[rows]


def main():
    schemas = [s for s in defs.get_all_schemas_with_history() if s.domain == ""]
    schemas += [s for s in get_all_operator_schema()
                if s.domain == CONTRIB_DOMAIN
                or (s.domain == "" and (s.name, s.since_version) in CONTRIB_IN_DEFAULT)]
    schemas.sort(key=lambda s: (s.domain, s.name, s.since_version))
    operands, attributes, table = Pool(), Pool(), []
    for s in schemas:
        ins, attrs = operand_rows(s), attribute_rows(s)
        table.append('    {"%s", "%s", %d, %s, %d, %d, %d, %d, %d, %d, %d, %d},' % (
            s.domain, s.name, s.since_version, "true" if s.deprecated else "false",
            s.min_input, min(s.max_input, ANY), s.min_output, min(s.max_output, ANY),
            operands.add(ins), len(ins), attributes.add(attrs), len(attrs)))
    print("// Printed by make_schema_table.py from onnx %s and onnxruntime %s. Do not edit." % (
        onnx.__version__, onnxruntime.__version__))
    print("// clang-format off")
    print("namespace smelt::onnx_import {\nnamespace {\n")
    print("constexpr int kNewestOpset = %d;\n" % defs.onnx_opset_version())
    print("constexpr SchemaOperand kSchemaOperands[] = {")
    for mask, option, group in operands.rows:
        print("    {0x%x, %d, %d}," % (mask, option, group))
    print("};\n\nconstexpr SchemaAttribute kSchemaAttributes[] = {")
    for name, kind, required in attributes.rows:
        print('    {"%s", AttrKind::%s, %s},' % (name, kind, "true" if required else "false"))
    print("};\n\nconstexpr Schema kSchemas[] = {")
    print("\n".join(table))
    print("};\n\n}  // namespace\n}  // namespace smelt::onnx_import")


if __name__ == "__main__":
    main()
