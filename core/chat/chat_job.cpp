// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/chat/chat_job.h"

#include "core/engine/context_use.h"

namespace bwla {
namespace {

const ChatRequest& requestOf(ChatSide side, const ChatSettings& settings) {
    return *settings.sides[static_cast<std::size_t>(side)];
}

} // namespace

ChatJob::Turn ChatJob::answer(ChatSide side, const ChatSettings& settings,
                              const Sink<ChatEvent>& sink, const std::stop_token& stop) {
    sink(ChatLoading{side, 0.0});
    ChatModel* model = &open(side, settings, sink, stop);
    const auto tokenizer = model->tokenizer(); // also that of the model which goes on
    Turn turn;
    turn.prompt = fittingPrompt(
        *tokenizer, requestOf(side, settings).messages, model->session().capacity(),
        "Shorten it, drop the oldest messages, or begin a new chat.", settings.otherTemplate);
    const auto begins = [&] {
        sink(ChatBegins{side, model->name(), model->format(), model->fileBytes(),
                        std::ssize(turn.prompt), room_->backend().info(),
                        room_->backend().kernelReport()});
    };
    const auto rescue = [&](const KernelError& error) -> Session& {
        fallBack(side, settings, error, sink);
        model = &open(side, settings, sink, stop);
        begins();
        return model->session();
    };
    begins();
    const AnswerSettings asked{.prompt = turn.prompt,
                               .maxTokens = settings.maxTokens,
                               .sampling = settings.sampling,
                               .stopStrings = settings.stopStrings};
    turn.answer = AnswerJob(model->session(), *tokenizer, rescue)
                      .run(
                          asked,
                          [&](const AnswerEvent& event) {
                              sink(ChatWriting{side, event});
                          },
                          stop);
    sink(ChatAnswered{side, turn.answer, model->memoryBytes()});
    return turn;
}

ChatModel& ChatJob::open(ChatSide side, const ChatSettings& settings, const Sink<ChatEvent>& sink,
                         const std::stop_token& stop) {
    const auto loaded = [&](double share) { sink(ChatLoading{side, share}); };
    return room_->open(side, requestOf(side, settings).path, loaded, stop);
}

void ChatJob::fallBack(ChatSide side, const ChatSettings& settings, const KernelError& error,
                       const Sink<ChatEvent>& sink) {
    if (!room_->fallBack())
        throw KernelError(error);
    sink(ChatFellBack{side, error.what()});
    const OpenModel model(requestOf(side, settings).path);
    checkProcessorHolds(model, defaultCapacity(model.config()), settings.cacheBits, error.what());
}

template<class Work>
auto ChatJob::somewhere(ChatSide side, const ChatSettings& settings, const Sink<ChatEvent>& sink,
                        const Work& work) {
    try {
        return work();
    } catch (const KernelError& error) {
        fallBack(side, settings, error, sink);
    }
    return work();
}

void ChatJob::compare(const Turn& quantized, const ChatSettings& settings,
                      const Sink<ChatEvent>& sink, const std::stop_token& stop) {
    // Gone where the device failed meanwhile.
    ChatModel& original = open(ChatSide::original, settings, sink, stop);
    ChatModel& own = open(ChatSide::quantized, settings, sink, stop);
    if (original.tokenizer()->data().tokens != own.tokenizer()->data().tokens)
        return; // other words: nothing to compare token by token
    sink(ChatComparing{});
    if (auto found = agreement(original.listener(), own.session(), quantized.prompt,
                               quantized.answer.path, stop))
        sink(ChatCompared{std::move(*found)});
}

int ChatJob::run(const ChatSettings& settings, const Sink<ChatEvent>& sink, std::stop_token stop) {
    room_->use({settings.device, settings.cacheBits}, settings.deviceAgain);
    std::optional<Turn> last;
    int answers = 0;
    for (const ChatSide side : chatSides) {
        if (!settings.sides[static_cast<std::size_t>(side)])
            continue;
        last = somewhere(side, settings, sink, [&] { return answer(side, settings, sink, stop); });
        ++answers;
        if (last->answer.stop == StopReason::stopped)
            return answers;
    }
    if (answers == static_cast<int>(chatSides.size()))
        somewhere(ChatSide::quantized, settings, sink,
                  [&] { compare(*last, settings, sink, stop); });
    return answers;
}

} // namespace bwla
