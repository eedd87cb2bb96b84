// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/chat/chat_controller.h"
#include "ui/widgets/plot_data.h"

#include <QTimer>
#include <QWidget>

class QLabel;

namespace bwla::ui {

class Plot;
class Theme;

/// The numbers of a chat: means over the answers in view. NaN = none measured.
struct ChatNumbers {
    struct Side {
        double decode = 0.0, prefill = 0.0; ///< tokens a second
        double firstToken = 0.0;            ///< seconds
        double memory = 0.0;                ///< bytes, of the last answer
    };
    std::array<Side, chatSides.size()> sides;
    double sameTop = 0.0, meanKl = 0.0;    ///< over all compared tokens
    std::optional<std::size_t> difference; ///< of the last turn
    bool compared = false;                 ///< the last turn has two answers
};

[[nodiscard]] ChatNumbers chatNumbers(const std::vector<ChatTurn>& turns);

/// "1.75× faster decode", "1.3× slower decode"; empty where a speed is missing.
[[nodiscard]] std::pair<QString, QString> speedRatio(const ChatNumbers& numbers);

/// Live throughput, this chat's numbers, and how far the two models agree.
class Instruments : public QWidget {
    Q_OBJECT

public:
    Instruments(Theme& theme, ChatController& controller, QWidget* parent = nullptr);
    void showNumbers();
    [[nodiscard]] const PlotData& throughput() const { return data_; }
    [[nodiscard]] QString agreementText() const;
    [[nodiscard]] QString ratioText() const;

private:
    QWidget* makeThroughput();
    QWidget* makeChat();
    QWidget* makeAgreement();
    void begin(ChatSide side);
    void measured(ChatSide side, double seconds, double speed);
    void drawThroughput();

    Theme& theme_;
    ChatController& controller_;
    Plot* plot_;
    PlotData data_;
    QTimer repaint_; ///< a plot costs more than a line of text: ten times a second at most
    std::array<std::array<QLabel*, 4>, chatSides.size()> cells_{};
    QLabel *ratio_, *ratioWord_, *sameTop_, *meanKl_, *difference_, *legend_;
};

} // namespace bwla::ui
