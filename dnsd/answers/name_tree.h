// The writer's side of the name table: nodes with reference counts, inserted with all their ancestors and removed when
// nothing needs them, so that existence stays monotone at every instant.
//
// Owner: the control thread. While detached (a generation under construction) nobody reads; after attach() workers do,
// and whatever they may still see goes through the Reclaimer.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "dnsd/answers/reclaim.h"
#include "dnsd/answers/table.h"

namespace dnsd::answers {

class NameTree {
 public:
  NameTree(Table& table, Reclaimer& reclaimer);
  ~NameTree();  // frees nodes and blocks at once: no reader may be left

  struct Contents {  // service blocks belong to their service's state (aliases share them), records to the node
    const ServiceBlock* service = nullptr;
    RecordBlockPtr records;
    std::uint32_t horizon = UINT32_MAX;
    std::uint8_t flags = 0;  // with records: kCut, kDname
  };
  // One more use of the name; makes it and its ancestors exist. The contents are there before the name is: nobody is
  // told NODATA about a name that is about to get its data.
  Node& acquire(std::string_view folded_wire) { return acquire(folded_wire, {}); }
  Node& acquire(std::string_view folded_wire, Contents contents);
  void release(Node& node);  // one use less; removes what nothing needs any more, with its blocks
  // The use that brought the name its contents ends: they go even where other uses keep the name.
  void withdraw(Node& node);
  [[nodiscard]] Node* find(std::string_view folded_wire) const;  // existing only

  void set_service(Node& node, const ServiceBlock* block);
  void set_records(Node& node, RecordBlockPtr block);
  // The node becomes the apex of `zone`, or with null falls back to the zone around it.
  void set_apex(Node& node, Zone* zone);

  void attach();  // publishes the slots: from here on readers find the names
  [[nodiscard]] std::size_t names() const { return live_; }
  [[nodiscard]] std::size_t blocks() const { return blocks_; }  // of records
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  Node* find_any(std::uint64_t hash, const std::uint8_t* wire, std::size_t size) const;
  Node& acquire(const NameRef& name, unsigned first, Contents contents);
  void fill(Node& node, Contents contents);
  static void set_flag(Node& node, std::uint8_t flag, bool on);
  Node& make(const NameRef& name, unsigned first);
  void insert(Slots& slots, std::uint64_t hash, Node* node) const;
  void make_room();
  void refresh_zones();
  struct Destroy {
    void operator()(Node* node) const;
  };
  using NodePtr = std::unique_ptr<Node, Destroy>;

  Table& table_;
  Reclaimer& reclaimer_;
  std::unique_ptr<Slots> slots_;
  bool attached_ = false;
  bool zones_stale_ = false;  // before attach(): a zone began above names that existed
  std::size_t used_ = 0;      // slots taken, also by names that no longer exist
  std::size_t live_ = 0;
  std::size_t blocks_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace dnsd::answers
