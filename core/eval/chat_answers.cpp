// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/eval/chat_answers.h"

#include "core/engine/answer_job.h"
#include "core/engine/chat_prompt.h"
#include "core/error.h"

#include <sstream>

namespace bwla {

std::vector<std::string> chatQuestions(const std::string& text, std::int64_t limit) {
    std::istringstream lines(text);
    std::vector<std::string> questions;
    for (std::string line; std::getline(lines, line);)
        if (line.find_first_not_of(" \t\r") != std::string::npos &&
            (limit == 0 || std::ssize(questions) < limit))
            questions.push_back(line);
    if (questions.empty())
        throw Error(ErrorCode::textTooShort).wanted(1).got(0);
    return questions;
}

std::vector<ScoredText> chatAnswers(Session& model, const Tokenizer& tokenizer,
                                    const std::vector<std::string>& questions,
                                    const ChatAnswers& settings,
                                    const std::function<void(std::int64_t)>& done,
                                    std::stop_token stop) {
    std::vector<ScoredText> texts;
    std::int64_t answered = 0;
    for (const std::string& question : questions) {
        AnswerSettings asked;
        asked.prompt =
            promptTokens(tokenizer, renderPrompt(tokenizer.data(), {{"user", question}}));
        asked.maxTokens = settings.maxTokens;
        asked.sampling.temperature = 1.0;
        asked.sampling.seed = settings.seed;
        const AnswerResult answer = AnswerJob(model, tokenizer).run(asked, {}, stop);
        if (answer.stop == StopReason::stopped)
            throw Cancelled();
        ScoredText text{asked.prompt, std::ssize(asked.prompt) - 1};
        for (const AnswerToken& token : answer.path)
            text.tokens.push_back(token.id);
        if (!answer.path.empty())
            texts.push_back(std::move(text));
        if (done)
            done(++answered);
    }
    return texts;
}

} // namespace bwla
