// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/chat/chat_room.h"

#include "core/engine/machine_memory.h"
#include "core/job/job.h"

#include <atomic>
#include <chrono>
#include <limits>

namespace bwla {
namespace {

constexpr std::chrono::milliseconds lookAgain{5};

} // namespace

ChatModel::ChatModel(Backend& backend, const std::string& path,
                     const std::function<void(double)>& loaded, const std::stop_token& stop)
    : ChatModel(backend, path, OpenModel(path), loaded, stop) {}

ChatModel::ChatModel(Backend& backend, const std::string& path, OpenModel model,
                     const std::function<void(double)>& loaded, const std::stop_token& stop)
    : path_(path), name_(model.name()), fileBytes_(model.fileBytes()),
      tokenizer_(std::make_shared<const Tokenizer>(model.tokenizer())) {
    throwIfStopped(stop);
    transformer_ =
        std::make_unique<Transformer>(backend, model.weights(WeightKind::f16), loaded, stop);
    session_ = std::make_unique<Session>(*transformer_, defaultCapacity(model.config()));
    for (const int batch : {backend.promptRows(), 1}) { // now: a stop must not wait for them later
        throwIfStopped(stop);
        (void)transformer_->plan(batch, HeadRows::last, session_->askedActivationBits());
    }
}

Session& ChatModel::listener() {
    if (!listener_)
        listener_ = std::make_unique<Session>(*transformer_, session_->capacity());
    return *listener_;
}

std::int64_t ChatModel::memoryBytes() const {
    return transformer_->weightBytes() + session_->bytes() + (listener_ ? listener_->bytes() : 0);
}

std::int64_t expectedChatMemory(const OpenModel& model, std::int64_t context, int cacheBits) {
    const ModelConfig& config = model.config();
    const std::int64_t half = 2;  // bytes
    const std::int64_t scale = 4; // of a head's 8-bit values
    const std::int64_t head = cacheBits == 8 ? config.headDim + scale : config.headDim * half;
    const std::int64_t weights =
        model.artifact() != nullptr ? model.fileBytes() : config.parameters() * half;
    const std::int64_t position = 2 * config.layers * config.kvHeads * head;
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    return context > (most - weights) / position ? most : weights + context * position;
}

void checkProcessorHolds(const OpenModel& model, std::int64_t context, int cacheBits,
                         const std::string& failure) {
    const std::int64_t needed = expectedChatMemory(model, context, cacheBits);
    const std::int64_t available = availableMemory();
    if (available > 0 && needed > available)
        throw Error(ErrorCode::outOfMemory)
            .wanted(needed)
            .got(available)
            .because(failure + ", and the processor");
}

void ChatRoom::use(const EngineChoice& choice, bool again) {
    if (choice == wanted_ && !again)
        return;
    if (choice != used_)
        clear();
    wanted_ = used_ = choice;
}

bool ChatRoom::fallBack() {
    if (used_.device == processorDevice || (backend_ && backend_->info().backend != "vulkan"))
        return false;
    clear();
    used_.device = processorDevice;
    return true;
}

void ChatRoom::clear() {
    finishAbandoned();
    for (std::unique_ptr<ChatModel>& model : models_)
        model.reset();
    backend_.reset();
}

Backend& ChatRoom::backend() {
    if (!backend_)
        backend_ = newBackend_(used_);
    return *backend_;
}

void ChatRoom::finishAbandoned() {
    if (loading_.valid())
        loading_.wait();
    loading_ = {};
}

ChatModel& ChatRoom::open(ChatSide side, const std::string& path,
                          const std::function<void(double)>& loaded, const std::stop_token& stop) {
    std::unique_ptr<ChatModel>& model = models_[static_cast<std::size_t>(side)];
    if (model && model->path() == path)
        return *model;
    finishAbandoned();
    model.reset();
    const auto share = std::make_shared<std::atomic<double>>(0.0);
    loading_ = std::async(std::launch::async, [&backend = backend(), path, share, stop] {
        return std::make_unique<ChatModel>(
            backend, path, [&](double now) { *share = now; }, stop);
    });
    double told = 0.0;
    while (loading_.wait_for(lookAgain) != std::future_status::ready) {
        throwIfStopped(stop);
        if (const double now = *share; now > told && loaded)
            loaded(told = now);
    }
    model = loading_.get();
    return *model;
}

} // namespace bwla
