// BodyParser: reads one graph of the text form, from its inputs to its closing brace.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/ir/module.h"
#include "core/ir/text_lexer.h"

namespace smelt::ir {

// "@name" or, where several graphs have the name, "@name#3".
struct GraphReference {
  std::string name;
  std::optional<std::int64_t> number;
};
Result<GraphReference> ReadGraphReference(TextLexer& lexer);

// A region of an operator whose graph may not have been read yet; in order of appearance.
struct PendingRegion {
  GraphId graph;
  OpId op;
  GraphReference target;
};

class BodyParser {
 public:
  BodyParser(TextLexer& lexer, Module& module, GraphId id, std::vector<PendingRegion>& pending)
      : lexer_(lexer), module_(module), id_(id), graph_(module.graph(id)), pending_(pending) {}
  Status Run();

 private:
  struct NewValue {
    std::string label;
    std::string name;
  };
  struct TypedQuant {
    TensorType type;
    QuantParams quant;
  };
  Status Inputs();
  Status Line();
  Status ReadConstant(const NewValue& made);
  Status ReadOp(const std::vector<NewValue>& made);
  Status Define(const NewValue& made, ValueId id);
  Result<NewValue> ReadNewValue();
  Result<std::vector<ValueId>> Operands(std::string_view end);
  Result<TypedQuant> ReadTypedQuant();
  Result<Attributes> ReadAttributes();
  Result<AttrValue> ReadAttribute();
  Result<AttrValue> ReadList();
  Result<std::vector<TypedQuant>> ResultTypes(OpKind kind, std::size_t count,
                                              const std::vector<ValueId>& operands,
                                              const Attributes& attrs);
  Result<OriginId> ReadOrigin();

  TextLexer& lexer_;
  Module& module_;
  GraphId id_;
  Graph& graph_;
  std::vector<PendingRegion>& pending_;
  std::map<std::string, ValueId> labels_;
};

}  // namespace smelt::ir
