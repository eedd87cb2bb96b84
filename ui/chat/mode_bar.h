// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/chat/chat_options.h"

#include <QWidget>

class QButtonGroup;

namespace bwla::ui {

class Theme;

/// Side by side, or one model alone; stands beside the page's title.
class ModeBar : public QWidget {
    Q_OBJECT

public:
    explicit ModeBar(Theme& theme, QWidget* parent = nullptr);
    void setMode(ChatMode mode);
    void setLocked(bool locked);
    void setCompact(bool compact); ///< in fewer words

Q_SIGNALS:
    void modeChosen(bwla::ui::ChatMode mode);

private:
    QButtonGroup* buttons_;
    QWidget* words_;
};

} // namespace bwla::ui
