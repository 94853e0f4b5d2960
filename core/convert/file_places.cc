#include "core/convert/file_places.h"

#include <set>
#include <string_view>

namespace smelt {
namespace {

FilePlaces PlacesOf(std::span<const tflite_export::WrittenTensor> written, std::uint32_t subgraph,
                    const ir::Signature& signature, const passes::StoredOrders& orders) {
  std::set<std::string_view> ports(signature.input_names.begin(), signature.input_names.end());
  ports.insert(signature.output_names.begin(), signature.output_names.end());
  FilePlaces places;
  std::set<std::string> ambiguous;
  for (const tflite_export::WrittenTensor& tensor : written) {
    if (tensor.subgraph != subgraph || tensor.source_name.empty()) continue;
    const bool is_port = ports.contains(tensor.source_name);
    const bool is_new = !places.contains(tensor.source_name);
    if (!is_new && !is_port) ambiguous.insert(tensor.source_name);
    if (!is_new && tensor.name != tensor.source_name) continue;
    FilePlace& place = places[tensor.source_name];
    place = {tensor.name, {}, false};
    const auto order = orders.find(tensor.source_name);
    if (is_port || order == orders.end()) continue;
    place.order = order->second;
    place.is_regrouped = order->second.empty();
  }
  for (const std::string& name : ambiguous) places.erase(name);
  return places;
}

}  // namespace

std::vector<FilePlaces> FindPlaces(std::span<const tflite_export::WrittenTensor> written,
                                   std::span<const ir::Signature> signatures,
                                   std::span<const passes::StoredOrders> orders) {
  std::vector<FilePlaces> places;
  for (std::uint32_t i = 0; i < signatures.size(); ++i) {
    places.push_back(PlacesOf(written, i, signatures[i],
                              i < orders.size() ? orders[i] : passes::StoredOrders()));
  }
  return places;
}

}  // namespace smelt
