#include "client/view/reason_text.h"

#include <google/protobuf/struct.pb.h>

#include "client/view/exit_code.h"
#include "client/view/json.h"

namespace smelt::client {

void PrintReasons(std::ostream& out, std::span<const ReasonInfo* const> reasons, const Ink& ink) {
  for (const ReasonInfo* reason : reasons) {
    out << ink.Bold(reason->name) << ink.Dim(" " + std::to_string(static_cast<int>(reason->reason)))
        << "\n  " << reason->meaning << "\n  " << reason->remedy << '\n';
  }
}

std::string ReasonsJson(std::span<const ReasonInfo* const> reasons) {
  google::protobuf::Struct document;
  auto& list = *(*document.mutable_fields())["reasons"].mutable_list_value();
  for (const ReasonInfo* reason : reasons) {
    auto& fields = *list.add_values()->mutable_struct_value()->mutable_fields();
    fields["reason_code"].set_string_value(std::string(reason->name));
    fields["number"].set_number_value(static_cast<double>(reason->reason));
    fields["meaning"].set_string_value(std::string(reason->meaning));
    fields["remedy"].set_string_value(std::string(reason->remedy));
    fields["exit_code"].set_number_value(static_cast<double>(ExitCodeFor(reason->reason)));
  }
  return ToJson(document, JsonShape::kDocument);
}

}  // namespace smelt::client
