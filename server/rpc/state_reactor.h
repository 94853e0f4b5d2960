// StateReactor: a gRPC reactor that forwards to a state which outlives it.
//
// The state is shared with tasks of the pool and registered as a live call. `Base` is one of gRPC's
// reactors; `State` is a LiveCall with Begin(), Cancelled() and Done(), made from the arguments and
// a `Base*`, which is valid until Done() returned. Deletes itself when gRPC is done with it.
#pragma once

#include <memory>
#include <utility>

#include "server/rpc/rpc_context.h"

namespace smelt::rpc {

template <class Base, class State>
class StateReactor : public Base {
 public:
  template <class... Arguments>
  explicit StateReactor(const RpcContext& context, Arguments&&... arguments)
      : live_(context.live),
        state_(std::make_shared<State>(context, std::forward<Arguments>(arguments)...,
                                       static_cast<Base*>(this))) {}

  // Once, before the reactor is handed to gRPC, which keeps back what it is asked for until then.
  void Begin() {
    live_.Add(state_);
    state_->Begin();
  }
  void OnCancel() override { state_->Cancelled(); }
  void OnDone() override {
    state_->Done();
    live_.Remove(state_);
    delete this;
  }

 protected:
  State& state() { return *state_; }

 private:
  LiveCalls& live_;
  const std::shared_ptr<State> state_;
};

// A reactor of type `Reactor` at work; it deletes itself.
template <class Reactor, class... Arguments>
Reactor* StartReactor(Arguments&&... arguments) {
  auto* reactor = new Reactor(std::forward<Arguments>(arguments)...);
  reactor->Begin();
  return reactor;
}

}  // namespace smelt::rpc
