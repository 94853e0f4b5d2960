// Parse: the reading half of the text form. text.h shows the grammar by example.
#include <map>
#include <utility>

#include "core/ir/constant_text.h"
#include "core/ir/parse_op.h"
#include "core/ir/text.h"
#include "core/ir/text_lexer.h"

namespace smelt::ir {
namespace {

class ModuleParser {
 public:
  explicit ModuleParser(std::string_view text) : lexer_(text) {}

  Result<Module> Run() {
    if (!lexer_.TakeWord("module")) return lexer_.Error("expected 'module'");
    SMELT_RETURN_IF_ERROR(lexer_.Expect("{"));
    while (!lexer_.Take("}")) SMELT_RETURN_IF_ERROR(Statement());
    if (!lexer_.AtEnd()) return lexer_.Error("something follows the module");
    SMELT_RETURN_IF_ERROR(ResolveRegions());
    return std::move(module_);
  }

 private:
  Status Statement() {
    if (lexer_.TakeWord("metadata")) return Metadata();
    if (lexer_.TakeWord("source")) return Source();
    if (lexer_.TakeWord("symbol")) return Symbol();
    if (lexer_.TakeWord("graph")) return GraphBody();
    if (lexer_.TakeWord("signature")) return ReadSignature();
    return lexer_.Error("expected metadata, source, symbol, graph, signature or '}'");
  }

  Status Metadata() {
    SMELT_ASSIGN_OR_RETURN(const std::string key, lexer_.QuotedString());
    SMELT_ASSIGN_OR_RETURN(std::string value, lexer_.QuotedString());
    module_.metadata[key] = std::move(value);
    return Status::Ok();
  }

  Status Source() {
    SourceNode node;
    SMELT_ASSIGN_OR_RETURN(const std::int64_t id, lexer_.Int());
    if (id != static_cast<std::int64_t>(module_.origins().sources().size())) {
      return lexer_.Error("sources are numbered in order from 0");
    }
    node.index = static_cast<std::uint32_t>(id);
    SMELT_ASSIGN_OR_RETURN(node.name, lexer_.QuotedString());
    SMELT_ASSIGN_OR_RETURN(node.op_type, lexer_.WordOrString());
    if (!lexer_.TakeWord("opset")) return lexer_.Error("expected 'opset'");
    SMELT_ASSIGN_OR_RETURN(const std::int64_t opset, lexer_.Int());
    node.opset = static_cast<std::uint32_t>(opset);
    if (!lexer_.TakeWord("path")) return lexer_.Error("expected 'path'");
    SMELT_ASSIGN_OR_RETURN(node.module_path, lexer_.QuotedString());
    if (lexer_.TakeWord("node")) {
      SMELT_ASSIGN_OR_RETURN(const std::int64_t index, lexer_.Int());
      node.index = static_cast<std::uint32_t>(index);
    }
    if (lexer_.TakeWord("domain")) {
      SMELT_ASSIGN_OR_RETURN(node.domain, lexer_.QuotedString());
    }
    module_.origins().AddSource(std::move(node));
    return Status::Ok();
  }

  Status Symbol() {
    SMELT_ASSIGN_OR_RETURN(const std::string name, lexer_.WordOrString());
    DimOrigin origin;
    SMELT_ASSIGN_OR_RETURN(origin.input, lexer_.QuotedString());
    SMELT_ASSIGN_OR_RETURN(const std::int64_t axis, lexer_.Int());
    origin.axis = static_cast<int>(axis);
    module_.symbols().Named(name, std::move(origin));
    return Status::Ok();
  }

  Status GraphBody() {
    SMELT_ASSIGN_OR_RETURN(const GraphReference label, ReadGraphReference(lexer_));
    const GraphId id = module_.AddGraph(label.name);
    BodyParser body(lexer_, module_, id, pending_);
    return body.Run();
  }

  Status ReadSignature() {
    Signature signature;
    SMELT_ASSIGN_OR_RETURN(signature.key, lexer_.QuotedString());
    SMELT_ASSIGN_OR_RETURN(const GraphReference reference, ReadGraphReference(lexer_));
    SMELT_ASSIGN_OR_RETURN(signature.graph, Resolve(reference));
    SMELT_RETURN_IF_ERROR(Names(signature.input_names));
    SMELT_RETURN_IF_ERROR(lexer_.Expect("->"));
    SMELT_RETURN_IF_ERROR(Names(signature.output_names));
    module_.signatures.push_back(std::move(signature));
    return Status::Ok();
  }

  Status Names(std::vector<std::string>& names) {
    SMELT_RETURN_IF_ERROR(lexer_.Expect("("));
    while (!lexer_.Take(")")) {
      if (!names.empty()) SMELT_RETURN_IF_ERROR(lexer_.Expect(","));
      SMELT_ASSIGN_OR_RETURN(std::string name, lexer_.QuotedString());
      names.push_back(std::move(name));
    }
    return Status::Ok();
  }

  // A graph may be named before it is read, so regions are resolved at the end.
  Status ResolveRegions() {
    for (const PendingRegion& region : pending_) {
      SMELT_ASSIGN_OR_RETURN(const GraphId target, Resolve(region.target));
      module_.graph(region.graph).op(region.op).regions.push_back(target);
    }
    return Status::Ok();
  }

  Result<GraphId> Resolve(const GraphReference& reference) {
    if (reference.number.has_value()) {
      const std::int64_t number = *reference.number;
      if (number < 0 || number >= static_cast<std::int64_t>(module_.graph_count())) {
        return lexer_.Error("there is no graph #" + std::to_string(number));
      }
      return GraphId{static_cast<std::uint32_t>(number)};
    }
    // Names are resolved once all graphs are known; signatures stand at the end by convention.
    for (; named_graphs_ < module_.graph_count(); ++named_graphs_) {
      const GraphId id{static_cast<std::uint32_t>(named_graphs_)};
      by_name_.emplace(module_.graph(id).name(), id);
    }
    const auto found = by_name_.find(reference.name);
    if (found == by_name_.end()) return lexer_.Error("there is no graph @" + reference.name);
    return found->second;
  }

  TextLexer lexer_;
  Module module_;
  std::vector<PendingRegion> pending_;
  std::map<std::string, GraphId> by_name_;
  std::size_t named_graphs_ = 0;
};

}  // namespace

Result<Module> Parse(std::string_view text) { return ModuleParser(text).Run(); }

}  // namespace smelt::ir
