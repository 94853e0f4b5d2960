#include "core/passes/kept_bodies.h"

#include <algorithm>
#include <functional>

#include "core/ir/text.h"

namespace smelt::passes {

ir::GraphId KeptBodies::Share(ir::GraphId body, std::string_view name) {
  std::vector<ir::GraphId>& alike = known_[Hash(body)];
  const auto first = std::ranges::find_if(
      alike, [&](ir::GraphId known) { return ir::Equal(module_, known, body); });
  if (first != alike.end()) return *first;
  alike.push_back(body);
  const int before = count_[std::string(name)]++;
  const std::string suffix = before == 0 ? "" : "_" + std::to_string(before);
  module_.graph(body).set_name(std::string(name) + ".impl" + suffix);
  return body;
}

// Of the kinds of operators, the types of inputs and the small constants, by which bodies differ.
std::size_t KeptBodies::Hash(ir::GraphId body) const {
  constexpr std::int64_t kSmall = 64;
  const ir::Graph& graph = module_.graph(body);
  std::size_t hash = graph.op_count();
  const auto add = [&hash](std::size_t more) { hash = hash * 1000003U + more; };
  for (const ir::ValueId input : graph.inputs()) {
    add(std::hash<std::string>()(module_.symbols().Text(graph.type(input))));
  }
  for (const ir::OpId id : graph) {
    add(static_cast<std::size_t>(graph.op(id).kind));
    for (const auto& operand : graph.op(id).operands) {
      if (!operand.value.valid()) continue;
      const ir::Constant* constant = graph.constant(operand.value);
      if (constant == nullptr || constant->element_count() > kSmall) continue;
      const SharedBytes bytes = constant->Materialize();
      add(std::hash<std::string_view>()(
          {reinterpret_cast<const char*>(bytes.data()), bytes.size()}));
    }
  }
  return hash;
}

}  // namespace smelt::passes
