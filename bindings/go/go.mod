module aigc

go 1.19
