#include "core/ir/parse_op.h"

#include <utility>

#include "core/ir/attr_check.h"
#include "core/ir/constant_text.h"
#include "core/ir/op_table.h"

namespace smelt::ir {

Result<GraphReference> ReadGraphReference(TextLexer& lexer) {
  GraphReference reference;
  SMELT_RETURN_IF_ERROR(lexer.Expect("@"));
  SMELT_ASSIGN_OR_RETURN(reference.name, lexer.WordOrString());
  if (lexer.Take("#")) {
    SMELT_ASSIGN_OR_RETURN(reference.number, lexer.Int());
  }
  return reference;
}

Status BodyParser::Run() {
  SMELT_RETURN_IF_ERROR(Inputs());
  SMELT_RETURN_IF_ERROR(lexer_.Expect("{"));
  while (!lexer_.TakeWord("return")) SMELT_RETURN_IF_ERROR(Line());
  SMELT_ASSIGN_OR_RETURN(const std::vector<ValueId> outputs, Operands("}"));
  graph_.SetOutputs(outputs);
  return Status::Ok();
}

Status BodyParser::Inputs() {
  SMELT_RETURN_IF_ERROR(lexer_.Expect("("));
  while (!lexer_.Take(")")) {
    if (!graph_.inputs().empty()) SMELT_RETURN_IF_ERROR(lexer_.Expect(","));
    SMELT_ASSIGN_OR_RETURN(const NewValue made, ReadNewValue());
    SMELT_RETURN_IF_ERROR(lexer_.Expect(":"));
    SMELT_ASSIGN_OR_RETURN(TypedQuant typed, ReadTypedQuant());
    const ValueId id = graph_.AddInput(std::move(typed.type), made.name);
    graph_.value(id).quant = std::move(typed.quant);
    SMELT_RETURN_IF_ERROR(Define(made, id));
  }
  return Status::Ok();
}

// `%a "name", %b = ...`
Status BodyParser::Line() {
  std::vector<NewValue> made;
  while (lexer_.Peek() == '%') {
    SMELT_ASSIGN_OR_RETURN(NewValue value, ReadNewValue());
    made.push_back(std::move(value));
    if (!lexer_.Take(",")) break;
  }
  if (!made.empty()) SMELT_RETURN_IF_ERROR(lexer_.Expect("="));
  if (lexer_.TakeWord("const")) {
    if (made.size() != 1) return lexer_.Error("a constant is one value");
    return ReadConstant(made.front());
  }
  return ReadOp(made);
}

Status BodyParser::ReadConstant(const NewValue& made) {
  SMELT_ASSIGN_OR_RETURN(TypedQuant typed, ReadTypedQuant());
  if (!typed.type.shape.IsStatic()) return lexer_.Error("a constant has static dimensions");
  SMELT_ASSIGN_OR_RETURN(Constant constant,
                         ParseConstant(lexer_, typed.type.dtype, typed.type.shape.Sizes()));
  const ValueId id = graph_.AddConstant(std::move(constant), made.name);
  graph_.value(id).quant = std::move(typed.quant);
  return Define(made, id);
}

// `NAME(operands) {attributes} regions(...) : types from {sources}`
Status BodyParser::ReadOp(const std::vector<NewValue>& made) {
  SMELT_ASSIGN_OR_RETURN(const std::string name, lexer_.Word());
  const std::optional<OpKind> kind = OpKindFromName(name);
  if (!kind.has_value() || *kind == OpKind::kReturn) {
    return lexer_.Error("no operator is called " + name);
  }
  SMELT_RETURN_IF_ERROR(lexer_.Expect("("));
  SMELT_ASSIGN_OR_RETURN(const std::vector<ValueId> operands, Operands(")"));
  SMELT_ASSIGN_OR_RETURN(Attributes attrs, ReadAttributes());
  std::vector<GraphReference> regions;
  if (lexer_.TakeWord("regions")) {
    SMELT_RETURN_IF_ERROR(lexer_.Expect("("));
    while (!lexer_.Take(")")) {
      if (!regions.empty()) SMELT_RETURN_IF_ERROR(lexer_.Expect(","));
      SMELT_ASSIGN_OR_RETURN(GraphReference region, ReadGraphReference(lexer_));
      regions.push_back(std::move(region));
    }
  }
  SMELT_ASSIGN_OR_RETURN(const std::vector<TypedQuant> typed,
                         ResultTypes(*kind, made.size(), operands, attrs));
  SMELT_ASSIGN_OR_RETURN(const OriginId origin, ReadOrigin());
  std::vector<TensorType> types;
  for (const TypedQuant& result : typed) types.push_back(result.type);
  const OpId op = graph_.Insert(*kind, operands, std::move(attrs), types, origin);
  for (GraphReference& region : regions) pending_.push_back({id_, op, std::move(region)});
  for (std::size_t i = 0; i < made.size(); ++i) {
    const ValueId result = graph_.op(op).results[i];
    graph_.value(result).name = made[i].name;
    graph_.value(result).quant = typed[i].quant;
    SMELT_RETURN_IF_ERROR(Define(made[i], result));
  }
  return Status::Ok();
}

// The types behind ":"; by inference where a hand-written module leaves them out.
Result<std::vector<BodyParser::TypedQuant>> BodyParser::ResultTypes(
    OpKind kind, std::size_t count, const std::vector<ValueId>& operands, const Attributes& attrs) {
  std::vector<TypedQuant> typed;
  const OpInfo& info = GetOpInfo(kind);
  if (lexer_.Take(":")) {
    while (typed.size() < count) {
      if (!typed.empty()) SMELT_RETURN_IF_ERROR(lexer_.Expect(","));
      SMELT_ASSIGN_OR_RETURN(TypedQuant result, ReadTypedQuant());
      typed.push_back(std::move(result));
    }
    return typed;
  }
  if (count == 0) return typed;
  const std::string problem = AttributeProblem(info, attrs);
  if (info.infer == nullptr || !problem.empty()) {
    return lexer_.Error("result types are needed: " +
                        (problem.empty() ? "this operator has no inference" : problem));
  }
  auto types = InferTypes(graph_, module_.symbols(), kind, operands, attrs);
  if (!types.ok()) return lexer_.Error(types.status().ToString());
  if (types->size() != count) {
    return lexer_.Error("the operator has " + std::to_string(types->size()) + " results");
  }
  for (TensorType& type : *types) {
    for (Dim& dim : type.shape.dims()) {
      if (dim.is_unknown()) dim = module_.symbols().Fresh("parsed");
    }
    typed.push_back({std::move(type), {}});
  }
  return typed;
}

Result<OriginId> BodyParser::ReadOrigin() {
  OriginId origin = kNoOrigin;
  if (!lexer_.TakeWord("from")) return origin;
  SMELT_RETURN_IF_ERROR(lexer_.Expect("{"));
  OriginTable& origins = module_.origins();
  while (!lexer_.Take("}")) {
    if (origin != kNoOrigin) SMELT_RETURN_IF_ERROR(lexer_.Expect(","));
    SMELT_ASSIGN_OR_RETURN(const std::int64_t source, lexer_.Int());
    if (source < 0 || source >= static_cast<std::int64_t>(origins.sources().size())) {
      return lexer_.Error("there is no source " + std::to_string(source));
    }
    origin = origins.Merge(origin, origins.Of(static_cast<SourceId>(source)));
  }
  return origin;
}

Status BodyParser::Define(const NewValue& made, ValueId id) {
  if (labels_.emplace(made.label, id).second) return Status::Ok();
  return lexer_.Error("%" + made.label + " is defined twice");
}

Result<BodyParser::NewValue> BodyParser::ReadNewValue() {
  NewValue made;
  SMELT_RETURN_IF_ERROR(lexer_.Expect("%"));
  SMELT_ASSIGN_OR_RETURN(made.label, lexer_.Label());
  if (lexer_.Peek() == '"') {
    SMELT_ASSIGN_OR_RETURN(made.name, lexer_.QuotedString());
  }
  return made;
}

// `%a, _, %b` up to and with `end`; "_" is an absent operand.
Result<std::vector<ValueId>> BodyParser::Operands(std::string_view end) {
  std::vector<ValueId> operands;
  while (!lexer_.Take(end)) {
    if (!operands.empty()) SMELT_RETURN_IF_ERROR(lexer_.Expect(","));
    if (lexer_.TakeWord("_")) {
      operands.emplace_back();
      continue;
    }
    SMELT_RETURN_IF_ERROR(lexer_.Expect("%"));
    SMELT_ASSIGN_OR_RETURN(const std::string label, lexer_.Label());
    const auto found = labels_.find(label);
    if (found == labels_.end()) return lexer_.Error("%" + label + " is not defined");
    operands.push_back(found->second);
  }
  return operands;
}

// `f32[2,N] quant(axis=0, scale=[0.5, 0.25], zero=[0, 0])`
Result<BodyParser::TypedQuant> BodyParser::ReadTypedQuant() {
  TypedQuant typed;
  SMELT_ASSIGN_OR_RETURN(typed.type, lexer_.Type(module_.symbols()));
  if (!lexer_.TakeWord("quant")) return typed;
  SMELT_RETURN_IF_ERROR(lexer_.Expect("("));
  SMELT_RETURN_IF_ERROR(lexer_.Expect("axis"));
  SMELT_RETURN_IF_ERROR(lexer_.Expect("="));
  SMELT_ASSIGN_OR_RETURN(const std::int64_t axis, lexer_.Int());
  typed.quant.axis = static_cast<int>(axis);
  SMELT_RETURN_IF_ERROR(lexer_.Expect(","));
  SMELT_RETURN_IF_ERROR(lexer_.Expect("scale"));
  SMELT_RETURN_IF_ERROR(lexer_.Expect("="));
  SMELT_RETURN_IF_ERROR(lexer_.Expect("["));
  do {
    SMELT_ASSIGN_OR_RETURN(const double scale, lexer_.Float());
    typed.quant.scale.push_back(static_cast<float>(scale));
  } while (lexer_.Take(","));
  SMELT_RETURN_IF_ERROR(lexer_.Expect("]"));
  SMELT_RETURN_IF_ERROR(lexer_.Expect(","));
  SMELT_RETURN_IF_ERROR(lexer_.Expect("zero"));
  SMELT_RETURN_IF_ERROR(lexer_.Expect("="));
  SMELT_RETURN_IF_ERROR(lexer_.Expect("["));
  do {
    SMELT_ASSIGN_OR_RETURN(const std::int64_t zero, lexer_.Int());
    typed.quant.zero_point.push_back(zero);
  } while (lexer_.Take(","));
  SMELT_RETURN_IF_ERROR(lexer_.Expect("]"));
  SMELT_RETURN_IF_ERROR(lexer_.Expect(")"));
  return typed;
}

Result<Attributes> BodyParser::ReadAttributes() {
  Attributes attrs;
  if (!lexer_.Take("{")) return attrs;
  while (!lexer_.Take("}")) {
    if (!attrs.empty()) SMELT_RETURN_IF_ERROR(lexer_.Expect(","));
    SMELT_ASSIGN_OR_RETURN(const std::string name, lexer_.WordOrString());
    SMELT_RETURN_IF_ERROR(lexer_.Expect("="));
    SMELT_ASSIGN_OR_RETURN(AttrValue value, ReadAttribute());
    attrs.Set(name, std::move(value));
  }
  return attrs;
}

Result<AttrValue> BodyParser::ReadAttribute() {
  if (lexer_.TakeWord("true")) return AttrValue(true);
  if (lexer_.TakeWord("false")) return AttrValue(false);
  if (lexer_.Peek() == '"') {
    SMELT_ASSIGN_OR_RETURN(std::string value, lexer_.QuotedString());
    return AttrValue(std::move(value));
  }
  if (lexer_.Take("[")) return ReadList();
  if (lexer_.NextIsFloat()) {
    SMELT_ASSIGN_OR_RETURN(const double value, lexer_.Float());
    return AttrValue(value);
  }
  SMELT_ASSIGN_OR_RETURN(const std::int64_t value, lexer_.Int());
  return AttrValue(value);
}

// `[1, 2]`, `[1.0, 2.5]`, `[]` (of integers), `[.]` (of floats, empty)
Result<AttrValue> BodyParser::ReadList() {
  if (lexer_.Take(".")) {
    SMELT_RETURN_IF_ERROR(lexer_.Expect("]"));
    return AttrValue(std::vector<double>());
  }
  std::vector<std::int64_t> ints;
  std::vector<double> floats;
  const bool is_float = lexer_.NextIsFloat();
  while (!lexer_.Take("]")) {
    if (!ints.empty() || !floats.empty()) SMELT_RETURN_IF_ERROR(lexer_.Expect(","));
    if (is_float) {
      SMELT_ASSIGN_OR_RETURN(const double value, lexer_.Float());
      floats.push_back(value);
    } else {
      SMELT_ASSIGN_OR_RETURN(const std::int64_t value, lexer_.Int());
      ints.push_back(value);
    }
  }
  return is_float ? AttrValue(std::move(floats)) : AttrValue(std::move(ints));
}

}  // namespace smelt::ir
