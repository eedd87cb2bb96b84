// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/user_turns.h"

namespace bwla {

const std::array<std::string_view, 32>& userTurns() {
    static constexpr std::array<std::string_view, 32> turns{
        "Why is the sky blue during the day and red in the evening?",
        "Write a short story about a lighthouse keeper who finds a message in a bottle.",
        "How do I make a simple vegetable soup for four people?",
        "Explain what a hash table is and when I should use one.",
        "Write a Python function that returns the n-th Fibonacci number.",
        "What were the main causes of the First World War?",
        "Give me five tips for sleeping better.",
        "Translate 'Where is the train station?' into French, Spanish and German.",
        "A train travels 180 km in two and a half hours. What is its average speed?",
        "Summarize how photosynthesis works in three sentences.",
        "Write a polite e-mail that asks my landlord to repair the heating.",
        "What is the difference between a virus and a bacterium?",
        "List the planets of the solar system with one fact about each.",
        "How does a mortgage work?",
        "Write a poem about autumn in a big city.",
        "What should I pack for a three-day hike in the mountains?",
        "Explain the offside rule in football to a child.",
        "Write an SQL query that finds the ten customers with the highest total orders.",
        "Who was Marie Curie and why is she remembered?",
        "My plant's leaves turn yellow. What could be wrong?",
        "What is the probability of rolling at least one six with two dice?",
        "Describe the city of Lisbon to someone who has never been there.",
        "How do vaccines protect the body?",
        "Convert this list to JSON: apples 3, pears 5, plums 12.",
        "What are the arguments for and against working from home?",
        "Explain recursion with an example.",
        "Suggest a name and a slogan for a small bakery.",
        "How is steel made from iron ore?",
        "What does the word 'serendipity' mean? Use it in two sentences.",
        "Plan a birthday party for a ten-year-old with a budget of 100 dollars.",
        "Why do we have leap years?",
        "Write a dialogue between a customer and a waiter about a wrong order.",
    };
    return turns;
}

} // namespace bwla
