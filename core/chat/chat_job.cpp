// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/chat/chat_job.h"

#include "core/engine/chat_prompt.h"

namespace bwla {

ChatJob::Turn ChatJob::answer(ChatSide side, const ChatSettings& settings,
                              const Sink<ChatEvent>& sink, const std::stop_token& stop) {
    const ChatRequest& request = *settings.sides[static_cast<std::size_t>(side)];
    sink(ChatLoading{side, 0.0});
    ChatModel& model = room_->open(
        side, request.path,
        [&](double share) {
            sink(ChatLoading{side, share});
        },
        stop);
    const Tokenizer& tokenizer = model.tokenizer();
    Turn turn;
    turn.prompt = promptTokens(
        tokenizer, renderPrompt(tokenizer.data(), request.messages, settings.otherTemplate));
    sink(ChatBegins{side, model.name(), model.format(), model.fileBytes(), std::ssize(turn.prompt),
                    room_->backend().info(), room_->backend().kernelReport()});
    const AnswerSettings asked{.prompt = turn.prompt,
                               .maxTokens = settings.maxTokens,
                               .sampling = settings.sampling,
                               .stopStrings = settings.stopStrings};
    turn.answer = AnswerJob(model.session(), tokenizer)
                      .run(
                          asked,
                          [&](const AnswerEvent& event) {
                              sink(ChatWriting{side, event});
                          },
                          stop);
    sink(ChatAnswered{side, turn.answer, model.memoryBytes()});
    return turn;
}

template<class Work>
auto ChatJob::somewhere(ChatSide side, const Sink<ChatEvent>& sink, const Work& work) {
    try {
        return work();
    } catch (const KernelError& error) {
        if (!room_->fallBack())
            throw;
        sink(ChatFellBack{side, error.what()});
    }
    return work();
}

void ChatJob::compare(const Turn& quantized, const ChatSettings& settings,
                      const Sink<ChatEvent>& sink, const std::stop_token& stop) {
    const auto model = [&](ChatSide side) -> ChatModel& { // gone where the device failed meanwhile
        const auto& request = settings.sides[static_cast<std::size_t>(side)];
        return room_->open(
            side, request->path,
            [&](double share) {
                sink(ChatLoading{side, share});
            },
            stop);
    };
    ChatModel& original = model(ChatSide::original);
    ChatModel& own = model(ChatSide::quantized);
    if (original.tokenizer().data().tokens != own.tokenizer().data().tokens)
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
        last = somewhere(side, sink, [&] { return answer(side, settings, sink, stop); });
        ++answers;
        if (last->answer.stop == StopReason::stopped)
            return answers;
    }
    if (answers == static_cast<int>(chatSides.size()))
        somewhere(ChatSide::quantized, sink, [&] { compare(*last, settings, sink, stop); });
    return answers;
}

} // namespace bwla
