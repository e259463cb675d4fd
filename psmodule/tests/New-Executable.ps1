# Builds a program of the project into a folder and gives the executable's path. The tests and the
# measurements share it; both run in the project's folder.
function New-Executable {
    param(
        [string] $Package,
        [string] $Folder
    )

    $path = [System.IO.Path]::Combine($Folder, [System.IO.Path]::GetFileName($Package))
    if ([System.Environment]::OSVersion.Platform -eq [System.PlatformID]::Win32NT) {
        $path = $path + '.exe'
    }
    & go build -o $path $Package
    if ($LASTEXITCODE -ne 0) {
        throw "$Package cannot be built."
    }
    return $path
}
